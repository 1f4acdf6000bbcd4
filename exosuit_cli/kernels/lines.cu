// Lines, their structure and the byte classes of a slab's files.
//
// A warp looks at a tile of 512 bytes, 16 a lane. `tile_counts` counts line starts and sums brackets a tile;
// `scan_tiles` and `scan_add` make these the sums before each tile; `line_starts` writes every line at its place;
// `line_structure` looks at each line from there.
//
// file_starts is u32[filled + 1] of the files that are not empty: they tile the slab from 0, the last entry is its size.
// A file's number is its place among them; filled_files gives its place among all.

#define TILE_BYTES 512u
#define LANE_BYTES 16u
#define TEXT_PROBE_BYTES 8192u
#define TILE_THREADS 256
#define SCAN_THREADS 256
#define SCAN_ITEMS 4u
#define SCAN_SPAN (SCAN_THREADS * SCAN_ITEMS)
#define LINE_THREADS 256
#define LARGEST_INDENT 65535u

#define TAB 0x09u
#define NEWLINE 0x0Au
#define RETURN 0x0Du
#define SPACE 0x20u

// Bit 7 of every byte of `word` that equals `byte`; exact, no carry crosses a byte.
__device__ __forceinline__ u32 equal_bytes(u32 word, u32 byte) {
    const u32 difference = word ^ byte * 0x01010101u;
    return ~(((difference & 0x7F7F7F7Fu) + 0x7F7F7F7Fu) | difference) & 0x80808080u;
}

// Four flags at bit 7 of each byte, as bits 0 to 3.
__device__ __forceinline__ u32 gather(u32 flags) { return (flags >> 7) * 0x00204081u >> 21 & 0xFu; }

// Bits of the 16 bytes at `base` that lie in [from, to).
__device__ __forceinline__ u32 range_bits(u32 base, u32 from, u32 to) {
    const u32 low = from > base ? least(from - base, LANE_BYTES) : 0;
    const u32 high = to > base ? least(to - base, LANE_BYTES) : 0;
    return high > low ? (1u << high) - (1u << low) : 0;
}

// Line starts in the low half, opening less closing brackets in the high half: one addition adds both.
__device__ __forceinline__ u64 packed(u32 lines, i32 depth) { return lines | (u64)(u32)depth << 32; }

// What a lane sees of its 16 bytes; bit i speaks of byte i, and bytes behind the slab are in no mask.
struct Lane {
    u32 base;
    u32 words[4];
    u32 valid, newlines, opens, closes;
    u32 starts;  // lines that begin behind a newline
};

__device__ __forceinline__ Lane look(const u8* __restrict__ data, u32 size, u32 tile) {
    const u32 lane = threadIdx.x % WARP;
    Lane at;
    at.base = tile * TILE_BYTES + lane * LANE_BYTES;
    at.valid = range_bits(at.base, 0, size);
    uint4 bytes = make_uint4(0, 0, 0, 0);
    if (at.valid) bytes = *(const uint4*)(data + at.base);
    at.words[0] = bytes.x, at.words[1] = bytes.y, at.words[2] = bytes.z, at.words[3] = bytes.w;
    at.newlines = at.opens = at.closes = 0;
#pragma unroll
    for (u32 i = 0; i < 4; ++i) {
        const u32 folded = at.words[i] | 0x20202020u;  // square brackets become braces
        at.newlines |= gather(equal_bytes(at.words[i], NEWLINE)) << 4 * i;
        at.opens |= gather(equal_bytes(folded, '{')) << 4 * i;
        at.closes |= gather(equal_bytes(folded, '}')) << 4 * i;
    }
    at.newlines &= at.valid, at.opens &= at.valid, at.closes &= at.valid;
    u32 before = __shfl_up_sync(ALL_LANES, at.newlines >> 15, 1);
    if (lane == 0) before = tile && data[at.base - 1] == NEWLINE;
    at.starts = (at.newlines << 1 | before) & at.valid;
    return at;
}

__device__ __forceinline__ u32 largest_byte(const u32 words[4], u32 bits) {
    u32 found = 0;
#pragma unroll
    for (u32 i = 0; i < LANE_BYTES; ++i)
        if (bits >> i & 1) found = most(found, words[i / 4] >> 8 * (i % 4) & 0xFF);
    return found;
}

// counts: u64[room], line starts and bracket sums of every tile, 0 behind the last. all_blank: u8[tiles], 1 where a whole
// tile is spaces and tabs. Of each file, its NEWLINES, its LARGEST byte, and in NULS whether a NUL is within its first
// 8192 bytes. One warp a tile.
extern "C" __global__ void __launch_bounds__(TILE_THREADS, 4)
tile_counts(const u8* __restrict__ data, const Sizes* __restrict__ sizes, const u32* __restrict__ file_starts,
            const u32* __restrict__ filled_files, u32 room, u64* __restrict__ counts, u8* __restrict__ all_blank,
            u32* results) {
    const u32 lane = threadIdx.x % WARP;
    const u32 tile = (blockIdx.x * TILE_THREADS + threadIdx.x) / WARP;
    const u32 size = sizes->bytes, files = sizes->filled;
    if (tile >= sizes->tiles) {
        if (lane == 0 && tile < room) counts[tile] = 0;
        return;
    }
    Lane at = look(data, size, tile);
    u32 zeros = 0, blanks = 0;
#pragma unroll
    for (u32 i = 0; i < 4; ++i) {
        zeros |= gather(equal_bytes(at.words[i], 0)) << 4 * i;
        blanks |= gather(equal_bytes(at.words[i], TAB) | equal_bytes(at.words[i], SPACE)) << 4 * i;
    }
    const bool is_blank = __ballot_sync(ALL_LANES, (blanks & at.valid) == 0xFFFFu) == ALL_LANES;

    const u32 tile_start = tile * TILE_BYTES, tile_end = tile_start + TILE_BYTES;
    for (u32 file = find_span(file_starts, files, tile_start); file < files; ++file) {
        const u32 start = file_starts[file], end = file_starts[file + 1];
        if (start >= tile_end) break;
        const u32 own = range_bits(at.base, start, end);
        if (start >= at.base && start < at.base + LANE_BYTES) at.starts |= 1u << (start - at.base);
        u32 count = __popc(at.newlines & own);
        u32 top = largest_byte(at.words, own);
        for (u32 step = WARP / 2; step; step /= 2) {
            count += __shfl_xor_sync(ALL_LANES, count, step);
            top = most(top, __shfl_xor_sync(ALL_LANES, top, step));
        }
        const u32 has_nul = __ballot_sync(
            ALL_LANES, (zeros & own & range_bits(at.base, start, start + TEXT_PROBE_BYTES)) != 0);
        if (lane == 0) {
            const u32 place = filled_files[file];
            if (count) atomicAdd(column(results, sizes, NEWLINES) + place, count);
            if (top) atomicMax(column(results, sizes, LARGEST) + place, top);
            if (has_nul) atomicOr(column(results, sizes, NULS) + place, 1u);
        }
    }
    u64 total = packed(__popc(at.starts), (i32)__popc(at.opens) - (i32)__popc(at.closes));
    // Nothing carries from the low half into the high one: there are fewer than 2^32 lines.
    for (u32 step = WARP / 2; step; step /= 2) total += __shfl_xor_sync(ALL_LANES, total, step);
    if (lane == 0) {
        counts[tile] = total;
        all_blank[tile] = is_blank;
    }
}

// Exclusive sums of up to 1024 values a block, in place, and each block's sum: u64[blocks].
extern "C" __global__ void __launch_bounds__(SCAN_THREADS)
scan_tiles(u64* __restrict__ values, u32 count, u64* __restrict__ sums) {
    __shared__ u64 warp_sums[SCAN_THREADS / WARP];
    const u32 lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    const u32 first = blockIdx.x * SCAN_SPAN + threadIdx.x * SCAN_ITEMS;
    u64 own[SCAN_ITEMS];
    u64 total = 0;
#pragma unroll
    for (u32 i = 0; i < SCAN_ITEMS; ++i) {
        own[i] = first + i < count ? values[first + i] : 0;
        total += own[i];
    }
    u64 running = total;
    for (u32 step = 1; step < WARP; step *= 2) {
        const u64 other = __shfl_up_sync(ALL_LANES, running, step);
        if (lane >= step) running += other;
    }
    if (lane == WARP - 1) warp_sums[warp] = running;
    __syncthreads();
    u64 before = running - total;
    for (u32 i = 0; i < warp; ++i) before += warp_sums[i];
    if (threadIdx.x == SCAN_THREADS - 1) sums[blockIdx.x] = before + total;
#pragma unroll
    for (u32 i = 0; i < SCAN_ITEMS; ++i) {
        if (first + i < count) values[first + i] = before;
        before += own[i];
    }
}

// Adds to every value the scanned sum of the blocks before its own.
extern "C" __global__ void __launch_bounds__(SCAN_THREADS)
scan_add(u64* __restrict__ values, u32 count, const u64* __restrict__ sums) {
    const u32 i = blockIdx.x * SCAN_THREADS + threadIdx.x;
    if (i < count) values[i] += sums[i / SCAN_SPAN];
}

// Every line at its place: where it starts, the bracket sum from the slab's start to there, and its file; the first line
// of every file, FIRST_LINES; and the number of lines, LINE_TOTAL. before: u64[tiles], the sums before each tile; total:
// that of all. Where there are more than `room` lines, nothing but their number is written. lines: see `line_structure`.
// One warp a tile.
extern "C" __global__ void __launch_bounds__(TILE_THREADS, 4)
line_starts(const u8* __restrict__ data, const Sizes* __restrict__ sizes, const u32* __restrict__ file_starts,
            const u64* __restrict__ before, const u64* __restrict__ total, u32 room, u8* __restrict__ lines,
            i32* __restrict__ sums, u32* __restrict__ owners, u32* results) {
    const u32 lane = threadIdx.x % WARP;
    const u32 tile = (blockIdx.x * TILE_THREADS + threadIdx.x) / WARP;
    const u32 size = sizes->bytes, files = sizes->filled, count = (u32)*total;
    if (tile >= sizes->tiles) return;
    if (tile == 0 && lane == 0) results[LINE_TOTAL] = count;
    if (count > room) return;
    u32* const starts = (u32*)(lines + 8 * line_room(count));
    u32* const first_lines = column(results, sizes, FIRST_LINES);
    Lane at = look(data, size, tile);
    const u32 tile_start = tile * TILE_BYTES, tile_end = tile_start + TILE_BYTES;
    const u32 first_file = find_span(file_starts, files, tile_start);
    for (u32 file = first_file; file < files; ++file) {
        const u32 start = file_starts[file];
        if (start >= tile_end) break;
        if (start >= at.base && start < at.base + LANE_BYTES) at.starts |= 1u << (start - at.base);
    }
    const u64 own = packed(__popc(at.starts), (i32)__popc(at.opens) - (i32)__popc(at.closes));
    u64 running = own;
    for (u32 step = 1; step < WARP; step *= 2) {
        const u64 other = __shfl_up_sync(ALL_LANES, running, step);
        if (lane >= step) running += other;
    }
    const u64 place = before[tile] + running - own;
    u32 line = (u32)place;
    const i32 sum = (i32)(u32)(place >> 32);
    u32 file = at.starts ? find_span(file_starts, files, at.base + __ffs(at.starts) - 1) : 0;
    for (u32 bits = at.starts; bits; bits &= bits - 1, ++line) {
        const u32 bit = __ffs(bits) - 1, offset = at.base + bit, below = (1u << bit) - 1;
        while (file_starts[file + 1] <= offset) ++file;
        starts[line] = offset;
        sums[line] = sum + (i32)__popc(at.opens & below) - (i32)__popc(at.closes & below);
        owners[line] = file;
        if (file_starts[file] == offset) first_lines[file] = line;
    }
}

// Bit 7 of every byte of eight that equals `byte`.
__device__ __forceinline__ u64 equal_bytes64(u64 word, u32 byte) {
    return equal_bytes((u32)word, byte) | (u64)equal_bytes((u32)(word >> 32), byte) << 32;
}

#define LONE_WORDS 16u  // how far a lane looks for ink by itself, in words of eight bytes, before its warp helps

// The structure of every line; see LineColumns for what each column holds. lines: the columns u64 heads, u32 starts, u32
// inks, i32 depths, u32 tokens (see token_lines), u16 indents, u8 lasts. One thread a line.
extern "C" __global__ void __launch_bounds__(LINE_THREADS, 4)
line_structure(const u8* __restrict__ data, const Sizes* __restrict__ sizes, const u32* __restrict__ file_starts,
               const u8* __restrict__ all_blank, const i32* __restrict__ sums, const u32* __restrict__ owners,
               const u64* __restrict__ total, u32 room, u8* lines, u32* results) {
    const u32 count = (u32)*total, size = sizes->bytes;
    if (count > room || blockIdx.x * LINE_THREADS >= count) return;
    const size_t unit = line_room(count);
    const u32* const starts = (const u32*)(lines + 8 * unit);
    const u32* const first_lines = column(results, sizes, FIRST_LINES);
    const u32* const words = (const u32*)data;
    const u32 lane = threadIdx.x % WARP;
    const u32 line = blockIdx.x * LINE_THREADS + threadIdx.x;
    const bool is_line = line < count;  // the others stay to help with the lines of their warp
    const u32 start = is_line ? starts[line] : 0;
    const u32 end = line + 1 < count ? starts[line + 1] : size;
    const u32 last = end - 1;

    u32 ink = start, tabs = 0;
    bool is_found = !is_line;
    for (u32 i = 0; i < LONE_WORDS && !is_found; ++i) {
        const u64 word = load64(words, ink);
        const u64 tab = equal_bytes64(word, TAB);
        const u64 other = ~(tab | equal_bytes64(word, SPACE)) & 0x8080808080808080ull;
        const u64 below = (other & (0 - other)) - 1;  // all bits where there is none
        tabs += __popcll(tab & below);
        ink += other ? __popcll(below) / 8 : 8;
        is_found = other || ink >= last;
    }
    // Blanks without end: the warp takes such lines one by one, a tile a step.
    for (u32 left = __ballot_sync(ALL_LANES, !is_found); left; left &= left - 1) {
        const u32 owner = __ffs(left) - 1;
        const u32 from = __shfl_sync(ALL_LANES, start, owner), to = __shfl_sync(ALL_LANES, last, owner);
        u32 at = __shfl_sync(ALL_LANES, ink, owner), found_tabs = 0;
        for (bool is_done = false; !is_done && at < to;) {
            if (at % TILE_BYTES == 0 && at - from >= LARGEST_INDENT) {  // its tabs no longer count
                const u32 tile = at / TILE_BYTES + lane;
                const u32 full = (to - at) / TILE_BYTES;
                const u32 stops = __ballot_sync(ALL_LANES, lane >= full || !all_blank[tile]);
                at += TILE_BYTES * (stops ? __ffs(stops) - 1 : WARP);
                if (!(stops & 1)) continue;
            }
            const u32 base = at / TILE_BYTES * TILE_BYTES + lane * LANE_BYTES;
            const u32 own = range_bits(base, at, to);
            u32 tab_bits = 0, ink_bits = 0;
            if (own) {
                const uint4 bytes = *(const uint4*)(data + base);
                const u32 four[4] = {bytes.x, bytes.y, bytes.z, bytes.w};
#pragma unroll
                for (u32 i = 0; i < 4; ++i) {
                    const u32 tab = equal_bytes(four[i], TAB);
                    tab_bits |= gather(tab) << 4 * i;
                    ink_bits |= gather(~(tab | equal_bytes(four[i], SPACE)) & 0x80808080u) << 4 * i;
                }
                tab_bits &= own, ink_bits &= own;
            }
            const u32 inked = __ballot_sync(ALL_LANES, ink_bits != 0);
            u32 found = least(base / TILE_BYTES * TILE_BYTES + TILE_BYTES, to);
            if (inked) {
                const u32 bit = ink_bits ? __ffs(ink_bits) - 1 : 0;
                found = __shfl_sync(ALL_LANES, base + bit, __ffs(inked) - 1);
                is_done = true;
            }
            tab_bits &= range_bits(base, at, found);
            u32 sum = __popc(tab_bits);
            for (u32 step = WARP / 2; step; step /= 2) sum += __shfl_xor_sync(ALL_LANES, sum, step);
            found_tabs += sum;
            at = found;
        }
        if (lane == owner) ink = at, tabs += found_tabs;
    }
    if (!is_line) return;

    ink = least(ink, last);
    const u32 file = owners[line];
    const u32 rest = file_starts[file + 1] - ink;
    u64 head = load64(words, ink);
    if (rest < 8) head &= (1ull << 8 * rest) - 1;
    const u32 first = (u32)head & 0xFF;
    const bool is_blank = first == SPACE || first == TAB || first == NEWLINE || first == RETURN;
    u32 stop = end;
    if (data[stop - 1] == NEWLINE) --stop;
    if (stop > start && data[stop - 1] == RETURN) --stop;
    ((u64*)lines)[line] = is_blank ? 0 : head;
    ((u32*)(lines + 12 * unit))[line] = ink;
    ((i32*)(lines + 16 * unit))[line] = sums[line] - sums[first_lines[file]];
    ((u16*)(lines + 24 * unit))[line] = is_blank ? 0 : (u16)least(ink - start + 7 * tabs, LARGEST_INDENT);
    lines[26 * unit + line] = stop > start ? data[stop - 1] : 0;
}
