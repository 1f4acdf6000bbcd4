// What every kernel file begins with: integer types, reads at any byte, and the way from a thread to its span.
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
