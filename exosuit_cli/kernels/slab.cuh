// What every kernel file begins with: integer types, reads at any byte, the way from a thread to its span, and what is
// known of a slab.
//
// Kernels read sizes from device memory, and their grids cover the largest slab: so the same launches serve every slab,
// and a graph of them is made once. A thread that has nothing to do ends at once.
// A slab's buffer is 16-byte aligned and may be read for 16 bytes behind its size rounded up to 16; what lies there
// is anything. All offsets are below 2^31.

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int i32;

#define WARP 32u
#define ALL_LANES 0xffffffffu

__device__ __forceinline__ u32 least(u32 a, u32 b) { return a < b ? a : b; }
__device__ __forceinline__ u32 most(u32 a, u32 b) { return a > b ? a : b; }

// The eight bytes from any offset inside the slab, the first the lowest.
__device__ __forceinline__ u64 load64(const u32* __restrict__ data, u32 offset) {
    const u32* words = data + (offset >> 2);
    const u32 shift = 8 * (offset & 3);
    const u32 middle = words[1];
    const u32 low = __funnelshift_r(words[0], middle, shift);
    const u32 high = __funnelshift_r(middle, words[2], shift);
    return low | (u64)high << 32;
}

// The last i with prefix[i] <= value, where prefix[0] <= value < prefix[count] and prefix ascends.
__device__ __forceinline__ u32 find_span(const u32* __restrict__ prefix, u32 count, u32 value) {
    u32 low = 0, high = count;
    while (high - low > 1) {
        const u32 middle = (low + high) / 2;
        if (prefix[middle] <= value)
            low = middle;
        else
            high = middle;
    }
    return low;
}

// Of a slab: its bytes, files and the offset of `column` in its results come with it; the rest is found by `slab_lists`.
struct Sizes {
    u32 bytes, files, columns;
    u32 filled;  // files that are not empty
    u32 units;   // chunks or blocks that a digest takes the files in
    u32 tiles;
};

// What is found of every file, a column of u32[files] each behind the digests. FIRST_LINES and UNSURE speak of the files
// that are not empty, in their order; the others of all.
enum Column { NEWLINES, LARGEST, NULS, LASTS, TOKENS, FIRST_LINES, UNSURE, COLUMNS };
#define LINE_TOTAL 0  // the first word of the results: the lines of the slab

__device__ __forceinline__ u32* column(u32* results, const Sizes* __restrict__ sizes, Column which) {
    return results + sizes->columns / 4 + (size_t)sizes->files * which;
}

// The columns of lines lie one behind the other, each with room for the lines rounded up to 16.
__device__ __forceinline__ size_t line_room(u32 lines) { return ((size_t)lines + 15) / 16 * 16; }
