"""One typed request in, one outcome out, for every front; nothing here touches a terminal or argv."""
