// The tokens of a slab of texts in UTF-8: where each begins, one bit a byte, and how many lie before any place.
//
// An encoding splits a text into words by a pattern, then merges the bytes of each word that is no token itself. Here a
// kernel gives every character its class. Where two classes meet that no word holds side by side, a word certainly
// begins: from each such place one thread splits the text by the encoding's pattern, up to the next, and looks the words
// up in the vocabulary. A warp merges each word that is not there. What this cannot decide - bytes that are no UTF-8, a
// word beyond WORD_LIMIT bytes, a stretch beyond STRETCH_LIMIT without a certain place - marks its file, which is then
// counted elsewhere.
//
// The patterns are those of tiktoken (tiktoken_ext/openai_public.py); `tokens.boundaries` of this package has them.
// Classes of characters: `tokens.tables` makes them.

#define TILE_BYTES 512u
#define TILE_WORDS (TILE_BYTES / 32)  // words of one bit a byte
#define LANE_BYTES 16u
#define THREADS 256
#define WORD_LIMIT 128u
#define STRETCH_LIMIT 4096u
#define KEY_BYTES 15u
#define NONE 0xffffffffu

#define CL100K 1u  // the pattern of cl100k_base; every other number is that of o200k_base

enum Class {
    OTHER, UPPER, LOWER, LETTER, MARK, NUMBER, NEWLINE, SPACE, WHITE, SLASH, APOSTROPHE,
    CONTINUATION  // of the character before
};
#define CLASS 15u
#define BEGINS 0x80u  // with the class: a text begins here, so the one before has ended

#define SET(class) (1u << (class))
#define LETTERS (SET(UPPER) | SET(LOWER) | SET(LETTER))
#define UPPERS (SET(UPPER) | SET(LETTER) | SET(MARK))
#define LOWERS (SET(LOWER) | SET(LETTER) | SET(MARK))
#define SYMBOLS (SET(OTHER) | SET(MARK) | SET(SLASH) | SET(APOSTROPHE))
#define BLANKS (SET(SPACE) | SET(WHITE))
#define WHITES (BLANKS | SET(NEWLINE))
#define MORE SET(CONTINUATION)

// Bits of an entry in UNSURE.
#define NO_UTF8 1u
#define LONG_WORD 2u
#define LONG_STRETCH 4u

// Whether a class is in a set; none is where a text begins.
__device__ __forceinline__ bool is_in(u32 kind, u32 set) { return kind < 16 && (set >> kind & 1); }

__device__ __forceinline__ void mark_file(const u32* __restrict__ file_starts, const Sizes* __restrict__ sizes, u32 at,
                                          u32* results, u32 reason) {
    atomicOr(column(results, sizes, UNSURE) + find_span(file_starts, sizes->filled, at), reason);
}

// Bytes of the sequence that a byte begins, by the table of well-formed sequences in section 3.9 of the Unicode Standard.
__device__ __forceinline__ u32 sequence_bytes(u32 byte) {
    return byte < 0xC2 ? 0 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : byte < 0xF5 ? 4 : 0;
}

// The class of the character that has a byte beyond ASCII at `at`, in the text from `begin` up to `end`; NONE where that
// is no UTF-8. planes: u16[0x110000 / 128], the row of `kinds`, u8[rows][128], for so many code points.
__device__ __forceinline__ u32 class_beyond(const u8* __restrict__ data, u32 at, u32 begin, u32 end,
                                            const u16* __restrict__ planes, const u8* __restrict__ kinds) {
    const u32 byte = data[at];
    if ((byte & 0xC0) == 0x80) {
        for (u32 back = 1; back < 4 && at - begin >= back; ++back) {
            const u32 before = data[at - back];
            if ((before & 0xC0) != 0x80) return sequence_bytes(before) > back ? CONTINUATION : NONE;
        }
        return NONE;
    }
    const u32 width = sequence_bytes(byte);
    if (!width || end - at < width) return NONE;
    u32 code = byte & 0x7F >> width;
    for (u32 i = 1; i < width; ++i) {
        const u32 next = data[at + i];
        if ((next & 0xC0) != 0x80) return NONE;
        code = code << 6 | (next & 0x3F);
    }
    const bool is_short = (width == 3 && code < 0x800) || (width == 4 && code < 0x10000);
    if (is_short || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return NONE;
    return kinds[planes[code / 128] * 128 + code % 128];
}

// The class of every byte, and where texts begin: classes is u8[size + 1], and may be written up to a multiple of 16. The
// first row of `kinds` is that of ASCII. One thread 16 bytes, and one for the end.
extern "C" __global__ void __launch_bounds__(THREADS)
token_classes(const u8* __restrict__ data, const Sizes* __restrict__ sizes, const u32* __restrict__ file_starts,
              const u16* __restrict__ planes, const u8* __restrict__ kinds, u32* __restrict__ classes, u32* results) {
    const u32 base = (blockIdx.x * THREADS + threadIdx.x) * LANE_BYTES;
    const u32 size = sizes->bytes, files = sizes->filled;
    if (base > size || !size) return;
    u32* const unsure = column(results, sizes, UNSURE);
    u32 file = find_span(file_starts, files, least(base, size - 1));
    u32 begin = file_starts[file], end = file_starts[file + 1];
    for (u32 word = 0; word < LANE_BYTES / 4; ++word) {
        const u32 first = base + 4 * word;
        const u32 bytes = first < size ? ((const u32*)data)[first / 4] : 0;
        u32 found = 0;
        for (u32 i = 0; i < 4; ++i) {
            const u32 at = first + i, byte = bytes >> 8 * i & 0xFF;
            u32 kind = BEGINS;
            if (at < size) {
                if (at == end) {
                    ++file;
                    begin = end;
                    end = file_starts[file + 1];
                }
                kind = byte < 0x80 ? kinds[byte] : class_beyond(data, at, begin, end, planes, kinds);
                if (kind == NONE) {
                    atomicOr(unsure + file, NO_UTF8);
                    kind = OTHER;
                }
                if (at == begin) kind |= BEGINS;
            }
            found |= kind << 8 * i;
        }
        classes[first / 4] = found;
    }
}

// The classes before which a word certainly begins, behind a character of this class.
//
// - What takes a letter goes on with letters, marks, and a contraction, which begins with an apostrophe.
// - What takes a number takes numbers only.
// - What takes any other visible character goes on with such, letters, CR, LF and slashes.
// - What takes a CR or LF goes on with those, slashes and white space.
__device__ __forceinline__ u32 certain_after(u32 kind) {
    if (is_in(kind, LETTERS)) return ~(LETTERS | SET(MARK) | SET(APOSTROPHE));
    if (is_in(kind, SYMBOLS)) return BLANKS | SET(NUMBER);
    if (kind == NUMBER) return ~SET(NUMBER);
    if (kind == NEWLINE) return ~(WHITES | SET(SLASH));
    return SET(NUMBER);
}

// A text and how far a match may look; what reaches the limit is too long.
struct Text {
    const u8* classes;
    const u8* data;
    u32 limit;
};

// The class at a place; as where a text begins, at the limit.
__device__ __forceinline__ u32 kind_at(const Text& text, u32 at) { return at < text.limit ? text.classes[at] : BEGINS; }

// The end of the characters of a set, from `at`, which may be within one.
__device__ __forceinline__ u32 run_end(const Text& text, u32 at, u32 set) {
    while (is_in(kind_at(text, at), set | MORE)) ++at;
    return at;
}

// The end of the character at `at`.
__device__ __forceinline__ u32 behind(const Text& text, u32 at) { return run_end(text, at + 1, 0); }

// The end of (?i:'s|'t|'re|'ve|'m|'ll|'d) with its apostrophe at `at`; `at` where there is none. U+017F folds to s.
__device__ __forceinline__ u32 contraction_end(const Text& text, u32 at) {
    if (!is_in(kind_at(text, at + 1), LETTERS)) return at;
    const u32 first = text.data[at + 1];
    if (first == 0xC5) return text.data[at + 2] == 0xBF ? at + 3 : at;
    switch (first | 0x20) {
        case 's': case 't': case 'm': case 'd': return at + 2;
    }
    if (!is_in(kind_at(text, at + 2), LETTERS)) return at;
    const u32 second = text.data[at + 2] | 0x20;
    switch (first | 0x20) {
        case 'r': case 'v': return second == 'e' ? at + 3 : at;
        case 'l': return second == 'l' ? at + 3 : at;
    }
    return at;
}

// The end of U* L+ from `at`, whose class is `kind`, with U of UPPERS and L of LOWERS; where that does not match and
// `allows_upper`, that of U+. 0 where neither does.
__device__ __forceinline__ u32 letters_end(const Text& text, u32 at, u32 kind, bool allows_upper) {
    u32 end = at, given_back = 0;
    while (is_in(kind, UPPERS)) {
        end = behind(text, end);
        if (kind != UPPER) given_back = end;  // U* gives back down to here, and L+ takes this one character
        kind = kind_at(text, end);
    }
    if (end >= text.limit) return end;
    if (kind == LOWER) return run_end(text, end + 1, LOWERS);
    if (given_back) return given_back;
    return allows_upper && end > at ? end : 0;
}

// The end of ` ?[^\s\p{L}\p{N}]+[\r\n/]*`, without the slash where `tail` has none; 0 where it does not match.
__device__ __forceinline__ u32 symbols_end(const Text& text, u32 at, u32 first, u32 second, u32 tail) {
    if (first == SPACE && is_in(kind_at(text, second), SYMBOLS))
        at = second;
    else if (!is_in(first, SYMBOLS))
        return 0;
    return run_end(text, run_end(text, at + 1, SYMBOLS), tail);
}

// The end of white space: up to its last CR or LF; else all of it where the text ends; else all but its last character;
// else that character. `whole_first`: the second before the first.
__device__ __forceinline__ u32 white_end(const Text& text, u32 at, u32 kind, bool whole_first) {
    u32 end = at, last = at, newline = 0;
    while (is_in(kind, WHITES)) {
        last = end;
        end = behind(text, end);
        if (kind == NEWLINE) newline = end;
        kind = kind_at(text, end);
    }
    if (end >= text.limit) return end;
    const bool is_last = kind & BEGINS;
    if (newline && !(whole_first && is_last)) return newline;
    return is_last || last == at ? end : last;
}

// The end of the word of one to three numbers at `at`.
__device__ __forceinline__ u32 numbers_end(const Text& text, u32 at) {
    at = behind(text, at);
    if (kind_at(text, at) != NUMBER) return at;
    at = behind(text, at);
    return kind_at(text, at) == NUMBER ? behind(text, at) : at;
}

// The end of the word that begins at `at`.
__device__ __forceinline__ u32 word_end(const Text& text, u32 at, u32 rules) {
    const u32 first = text.classes[at] & CLASS, second = behind(text, at);
    if (first == NUMBER) return numbers_end(text, at);
    const bool is_letter = is_in(first, LETTERS), is_prefix = !is_letter && first != NEWLINE;
    if (rules == CL100K) {
        if (first == APOSTROPHE) {
            const u32 end = contraction_end(text, at);
            if (end != at) return end;
        }
        if (is_letter || (is_prefix && is_in(kind_at(text, second), LETTERS))) return run_end(text, second, LETTERS);
    } else {
        u32 end = 0;
        if (is_letter) end = letters_end(text, at, first, true);
        if (is_prefix) end = letters_end(text, second, kind_at(text, second), first != MARK);
        if (!end && first == MARK) end = second;  // without a prefix: it is a letter to this pattern
        if (end) return kind_at(text, end) == APOSTROPHE ? contraction_end(text, end) : end;
    }
    const u32 symbols = symbols_end(text, at, first, second, rules == CL100K ? SET(NEWLINE) : SET(NEWLINE) | SET(SLASH));
    return symbols ? symbols : white_end(text, at, first, rules == CL100K);
}

// Whether the vocabulary has the word. words: two u64 a slot, a word's bytes, the first the lowest, and its length in the
// highest byte; zeros where the slot is empty.
__device__ __forceinline__ bool is_token(const u8* __restrict__ data, u32 at, u32 length,
                                         const uint4* __restrict__ words, u32 mask) {
    u64 low = load64((const u32*)data, at), high = 0;
    if (length < 8) low &= (1ull << 8 * length) - 1;
    if (length > 8) high = load64((const u32*)data, at + 8) & ((1ull << 8 * (length - 8)) - 1);
    high |= (u64)length << 56;
    u64 hash = low * 0x9E3779B97F4A7C15ull + high * 0xC2B2AE3D27D4EB4Full;
    hash = (hash ^ hash >> 32) * 0xD6E8FEB86659FD93ull;
    for (u32 slot = (u32)(hash >> 40);; ++slot) {
        const uint4 held = words[slot & mask];
        if (((u64)held.y << 32 | held.x) == low && ((u64)held.w << 32 | held.z) == high) return true;
        if (!held.w) return false;
    }
}

// Sets a bit where each word begins, and where one begins that is no token. starts, missed: u32[16 * tiles], zeros before.
// One thread for the stretches that begin in 16 bytes.
extern "C" __global__ void __launch_bounds__(THREADS)
token_words(const u8* __restrict__ data, const Sizes* __restrict__ sizes, const u8* __restrict__ classes, u32 rules,
            const uint4* __restrict__ words, u32 mask, const u32* __restrict__ file_starts, u32* __restrict__ starts,
            u32* __restrict__ missed, u32* results) {
    const u32 base = (blockIdx.x * THREADS + threadIdx.x) * LANE_BYTES;
    const u32 size = sizes->bytes;
    if (base >= size) return;
    u32 before = base ? classes[base - 1] & CLASS : OTHER;
    for (u32 back = 2; before == CONTINUATION && back < 5 && back <= base; ++back) before = classes[base - back] & CLASS;
    for (u32 start = base; start < least(base + LANE_BYTES, size); ++start) {
        const u32 kind = classes[start];
        if (kind == CONTINUATION) continue;
        const bool is_cut = kind & BEGINS || is_in(kind, certain_after(before));
        before = kind & CLASS;
        if (!is_cut) continue;
        u32 at = start;
        for (;;) {
            const Text text = {classes, data, at + WORD_LIMIT + 4};
            const u32 end = word_end(text, at, rules), length = end - at;
            atomicOr(starts + at / 32, 1u << at % 32);
            if (length - 1 >= WORD_LIMIT || end - start > STRETCH_LIMIT) {  // no length: only where it is no UTF-8
                mark_file(file_starts, sizes, at, results, length - 1 >= WORD_LIMIT ? LONG_WORD : LONG_STRETCH);
                break;
            }
            if (length > KEY_BYTES || !is_token(data, at, length, words, mask)) atomicOr(missed + at / 32, 1u << at % 32);
            const u32 next = classes[end];
            if (next & BEGINS) break;
            u32 last = classes[end - 1] & CLASS;
            for (u32 back = 2; last == CONTINUATION && back < 5; ++back) last = classes[end - back] & CLASS;
            if (is_in(next, certain_after(last))) break;
            at = end;
        }
    }
}

// The token that two tokens merge into, which is their rank as well; NONE where they do not. pairs: u64 a slot, the first
// token, the second and the merged one in 18 bits each; 0 where the slot is empty.
__device__ __forceinline__ u32 merged(const u64* __restrict__ pairs, u32 mask, u32 first, u32 second) {
    const u64 key = (u64)first << 18 | second;
    for (u32 slot = (u32)(key * 0x9E3779B97F4A7C15ull >> 40);; ++slot) {
        const u64 held = pairs[slot & mask];
        if (held >> 18 == key) return (u32)held & 0x3FFFF;
        if (!held) return NONE;
    }
}

__device__ __forceinline__ u32 least_of_warp(u32 value) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
    for (u32 step = WARP / 2; step; step /= 2) value = least(value, __shfl_xor_sync(ALL_LANES, value, step));
    return value;
#else
    return __reduce_min_sync(ALL_LANES, value);
#endif
}

// The bytes of the word at `at`: up to the next bit of `starts`; 0 where there is none within WORD_LIMIT bytes.
__device__ __forceinline__ u32 word_length(const u32* starts, u32 at, u32 size, u32 tiles) {
    const u32 lane = threadIdx.x % WARP, place = at / 32 + lane;
    u32 bits = lane <= WORD_LIMIT / 32 && place < tiles * TILE_WORDS ? starts[place] : 0;
    if (lane == 0) bits &= ~(2u << at % 32) + 1;  // those behind `at`
    const u32 holders = __ballot_sync(ALL_LANES, bits != 0);
    u32 end = size;
    if (holders) {
        const u32 holder = __ffs(holders) - 1;
        end = (at / 32 + holder) * 32 + __ffs(__shfl_sync(ALL_LANES, bits, holder)) - 1;
    }
    return end - at <= WORD_LIMIT ? end - at : 0;
}

// The parts that a warp merges a word from: at its byte i, the token that begins there, NONE where none does; what this
// and the next merge into; and the bytes where the next and the one before begin.
struct Parts {
    u32 tokens[WORD_LIMIT], merges[WORD_LIMIT];
    u8 next[WORD_LIMIT], before[WORD_LIMIT];
};

// Sets a bit where each token begins within the words that `missed` marks: of all pairs of neighbours that merge, the one
// of lowest rank, the leftmost among equals, is merged, one at a time. byte_tokens: u32[256]. One warp a tile.
extern "C" __global__ void __launch_bounds__(THREADS)
token_merges(const u8* __restrict__ data, const Sizes* __restrict__ sizes, const u64* __restrict__ pairs, u32 mask,
             const u32* __restrict__ byte_tokens, u32* starts, const u32* __restrict__ missed) {
    const u32 size = sizes->bytes, tiles = sizes->tiles;
    __shared__ Parts all_parts[THREADS / WARP];
    const u32 lane = threadIdx.x % WARP;
    const u32 tile = (blockIdx.x * THREADS + threadIdx.x) / WARP;
    if (tile >= tiles) return;
    Parts& parts = all_parts[threadIdx.x / WARP];
    const u32 own = lane < TILE_WORDS ? missed[tile * TILE_WORDS + lane] : 0;
    for (u32 holders = __ballot_sync(ALL_LANES, own != 0); holders; holders &= holders - 1) {
        const u32 holder = __ffs(holders) - 1;
        for (u32 bits = __shfl_sync(ALL_LANES, own, holder); bits; bits &= bits - 1) {
            const u32 at = tile * TILE_BYTES + holder * 32 + __ffs(bits) - 1;
            const u32 length = word_length(starts, at, size, tiles);
            __syncwarp();
            for (u32 i = lane; i < length; i += WARP) {
                const u32 token = byte_tokens[data[at + i]];
                parts.tokens[i] = token;
                parts.merges[i] = i + 1 < length ? merged(pairs, mask, token, byte_tokens[data[at + i + 1]]) : NONE;
                parts.next[i] = (u8)(i + 1);
                parts.before[i] = (u8)(i - 1);  // not looked at for the first
            }
            __syncwarp();
            for (;;) {
                u32 best = NONE;
                for (u32 i = lane; i < length; i += WARP) {
                    const u32 token = parts.merges[i];
                    if (token != NONE) best = least(best, token << 7 | i);
                }
                best = least_of_warp(best);
                if (best == NONE) break;
                const u32 place = best % WORD_LIMIT, token = best / WORD_LIMIT;
                const u32 gone = parts.next[place], next = parts.next[gone], before = parts.before[place];
                __syncwarp();
                if (lane == 0) {
                    parts.tokens[place] = token;
                    parts.tokens[gone] = parts.merges[gone] = NONE;
                    parts.merges[place] = next < length ? merged(pairs, mask, token, parts.tokens[next]) : NONE;
                    parts.next[place] = (u8)next;
                    if (next < length) parts.before[next] = (u8)place;
                }
                if (lane == 1 && place) parts.merges[before] = merged(pairs, mask, parts.tokens[before], token);
                __syncwarp();
            }
            for (u32 first = 0; first < length; first += WARP) {
                const u32 i = first + lane;
                const u32 found = __ballot_sync(ALL_LANES, i < length && parts.tokens[i] != NONE);
                const u32 place = (at + first) / 32, shift = at % 32;
                if (lane == 0) atomicOr(starts + place, found << shift);
                if (lane == 1 && shift && found >> (32 - shift)) atomicOr(starts + place + 1, found >> (32 - shift));
            }
        }
    }
}

// The tokens that begin in each tile: counts is u64[room], 0 behind the last. One thread a tile.
extern "C" __global__ void __launch_bounds__(THREADS)
token_counts(const uint4* __restrict__ starts, const Sizes* __restrict__ sizes, u32 room, u64* __restrict__ counts) {
    const u32 tile = blockIdx.x * THREADS + threadIdx.x;
    if (tile >= room) return;
    u32 count = 0;
    if (tile < sizes->tiles) {
        for (u32 i = 0; i < TILE_WORDS / 4; ++i) {
            const uint4 bits = starts[tile * (TILE_WORDS / 4) + i];
            count += __popc(bits.x) + __popc(bits.y) + __popc(bits.z) + __popc(bits.w);
        }
    }
    counts[tile] = count;
}

// The tokens that begin before a place. before: u64[tiles], those before each tile.
__device__ __forceinline__ u32 tokens_before(u32 place, const u32* __restrict__ starts, u32 tiles,
                                             const u64* __restrict__ before) {
    const u32 tile = least(place / TILE_BYTES, tiles - 1);
    u32 count = (u32)before[tile];
    for (u32 word = tile * TILE_WORDS; word < place / 32; ++word) count += __popc(starts[word]);
    return place % 32 ? count + __popc(starts[place / 32] & ((1u << place % 32) - 1)) : count;
}

// The tokens of each file, TOKENS; NONE where the file is left to another counter. sums: u32[filled], those before it. One
// thread a file.
extern "C" __global__ void __launch_bounds__(THREADS)
token_files(const u32* __restrict__ file_starts, const u32* __restrict__ filled_files, const Sizes* __restrict__ sizes,
            const u32* __restrict__ starts, const u64* __restrict__ before, u32* __restrict__ sums, u32* results) {
    const u32 file = blockIdx.x * THREADS + threadIdx.x, tiles = sizes->tiles;
    if (file >= sizes->filled) return;
    const u32 sum = tokens_before(file_starts[file], starts, tiles, before);
    const u32 count = tokens_before(file_starts[file + 1], starts, tiles, before) - sum;
    sums[file] = sum;
    column(results, sizes, TOKENS)[filled_files[file]] = column(results, sizes, UNSURE)[file] ? NONE : count;
}

// The tokens of its file before each line, in the column of `lines` for it; owners, total, room and lines as in lines.cu.
// One thread a line.
extern "C" __global__ void __launch_bounds__(THREADS)
token_lines(const u32* __restrict__ owners, const u64* __restrict__ total, u32 room, const Sizes* __restrict__ sizes,
            const u32* __restrict__ starts, const u64* __restrict__ before, const u32* __restrict__ file_sums, u8* lines) {
    const u32 line = blockIdx.x * THREADS + threadIdx.x, count = (u32)*total;
    if (line >= count || count > room) return;
    const u32 start = ((const u32*)(lines + 8 * line_room(count)))[line];
    const u32 sum = tokens_before(start, starts, sizes->tiles, before);
    ((u32*)(lines + 20 * line_room(count)))[line] = sum - file_sums[owners[line]];
}
