"""The server of the Model Context Protocol: the commands of a search as tools of a model, over one tree or several."""
