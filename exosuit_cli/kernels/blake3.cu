// BLAKE3-256 of byte spans (https://github.com/BLAKE3-team/BLAKE3-specs): one thread a chunk of 1 KiB, then the
// tree of each span a level at a time.
//
// Chaining values lie eight words together, one 32-byte sector each, so that a strided read wastes nothing. A node of
// level l stands where its leftmost chunk stood: a pair writes over its left child, and a node without a neighbour is
// where the next level looks for it. This pairing of neighbours is BLAKE3's own: the left subtree of every node holds
// the largest power of two of chunks that leaves something to the right.

#define CHUNK_BYTES 1024u
#define BLOCK_BYTES 64u
#define CHUNK_START 1u
#define CHUNK_END 2u
#define PARENT 4u
#define ROOT 8u

#define CHUNK_THREADS 128
#define PARENT_THREADS 128
#define ROW 17  // words between the rows of a warp's tile: odd, so that the lanes' reads fall on different banks

__device__ __forceinline__ u32 rotate(u32 word, u32 by) { return __funnelshift_r(word, word, by); }

#define MIX(a, b, c, d, x, y)                    \
    a = a + b + (x);                             \
    d = __byte_perm(d ^ a, 0, 0x1032);           \
    c = c + d;                                   \
    b = rotate(b ^ c, 12);                       \
    a = a + b + (y);                             \
    d = __byte_perm(d ^ a, 0, 0x0321);           \
    c = c + d;                                   \
    b = rotate(b ^ c, 7);

#define ROUND(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15) \
    MIX(s0, s4, s8, s12, m[m0], m[m1])                                              \
    MIX(s1, s5, s9, s13, m[m2], m[m3])                                              \
    MIX(s2, s6, s10, s14, m[m4], m[m5])                                             \
    MIX(s3, s7, s11, s15, m[m6], m[m7])                                             \
    MIX(s0, s5, s10, s15, m[m8], m[m9])                                             \
    MIX(s1, s6, s11, s12, m[m10], m[m11])                                           \
    MIX(s2, s7, s8, s13, m[m12], m[m13])                                            \
    MIX(s3, s4, s9, s14, m[m14], m[m15])

__device__ __forceinline__ void initial(u32 cv[8]) {
    cv[0] = 0x6A09E667u, cv[1] = 0xBB67AE85u, cv[2] = 0x3C6EF372u, cv[3] = 0xA54FF53Au;
    cv[4] = 0x510E527Fu, cv[5] = 0x9B05688Cu, cv[6] = 0x1F83D9ABu, cv[7] = 0x5BE0CD19u;
}

// One compression; `cv` becomes the next chaining value. Every index is a constant: all of it stays in registers.
__device__ __forceinline__ void compress(u32 cv[8], const u32 m[16], u32 counter, u32 bytes, u32 flags) {
    u32 s0 = cv[0], s1 = cv[1], s2 = cv[2], s3 = cv[3], s4 = cv[4], s5 = cv[5], s6 = cv[6], s7 = cv[7];
    u32 s8 = 0x6A09E667u, s9 = 0xBB67AE85u, s10 = 0x3C6EF372u, s11 = 0xA54FF53Au;
    u32 s12 = counter, s13 = 0, s14 = bytes, s15 = flags;  // a slab has fewer than 2^32 chunks
    ROUND(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
    ROUND(2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
    ROUND(3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1)
    ROUND(10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6)
    ROUND(12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4)
    ROUND(9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7)
    ROUND(11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13)
    cv[0] = s0 ^ s8, cv[1] = s1 ^ s9, cv[2] = s2 ^ s10, cv[3] = s3 ^ s11;
    cv[4] = s4 ^ s12, cv[5] = s5 ^ s13, cv[6] = s6 ^ s14, cv[7] = s7 ^ s15;
}

__device__ __forceinline__ void write_digest(u32* digests, u32 span, u32 width, const u32 cv[8]) {
#pragma unroll
    for (u32 i = 0; i < 8; ++i)
        if (i < width) digests[(size_t)span * width + i] = cv[i];
}

struct Row {
    u32 next, end;  // words of the slab: the second of the chunk, and one past its last
};

// The chaining value of every chunk, and the digest of spans of one chunk.
//
// spans: offsets and lengths; first_chunk: u32[files + 1], the prefix sums of their chunks (an empty span has one), whose
// number is `units`. cvs: u32[8 * units]. digests: u32[width * files], width in words, at most 8. One thread a chunk.
extern "C" __global__ void __launch_bounds__(CHUNK_THREADS, 8)
blake3_chunks(const u32* __restrict__ data, const uint2* __restrict__ spans, const u32* __restrict__ first_chunk,
              const Sizes* __restrict__ sizes, u32* __restrict__ cvs, u32* __restrict__ digests, u32 width) {
    __shared__ u32 tiles[CHUNK_THREADS * ROW];
    __shared__ Row rows[CHUNK_THREADS];
    const u32 chunks = sizes->units;
    if (blockIdx.x * CHUNK_THREADS >= chunks) return;
    const u32 lane = threadIdx.x % WARP, first_lane = threadIdx.x - lane;
    u32* const tile = tiles + first_lane * ROW;
    const u32 chunk = blockIdx.x * CHUNK_THREADS + threadIdx.x;

    u32 span = 0, index = 0, start = 0, length = 0, blocks = 0;
    bool is_root = false;
    if (chunk < chunks) {
        span = find_span(first_chunk, sizes->files, chunk);
        index = chunk - first_chunk[span];
        const uint2 whole = spans[span];
        start = whole.x + index * CHUNK_BYTES;
        length = least(whole.y - index * CHUNK_BYTES, CHUNK_BYTES);
        blocks = most(1, (length + BLOCK_BYTES - 1) / BLOCK_BYTES);
        is_root = first_chunk[span + 1] - first_chunk[span] == 1;
    }
    const u32 shift = 8 * (start & 3);
    Row own;
    own.next = (start >> 2) + 1;
    own.end = length ? (start + length - 1) / 4 + 1 : 0;
    rows[threadIdx.x] = own;
    u32 low = length ? data[start >> 2] : 0;
    u32 rounds = blocks;
    for (u32 step = WARP / 2; step; step /= 2) rounds = most(rounds, __shfl_xor_sync(ALL_LANES, rounds, step));

    u32 cv[8];
    initial(cv);
    __syncwarp();
    for (u32 block = 0; block < rounds; ++block) {
        u32 got[WARP / 2];
#pragma unroll
        for (u32 pair = 0; pair < WARP / 2; ++pair) {
            const Row from = rows[first_lane + 2 * pair + lane / 16];
            const u32 word = from.next + block * 16 + lane % 16;
            const u32 value = data[least(word, from.end ? from.end - 1 : 0)];
            got[pair] = word < from.end ? value : 0;
        }
        __syncwarp();  // the block before has been read
#pragma unroll
        for (u32 pair = 0; pair < WARP / 2; ++pair) tile[(2 * pair + lane / 16) * ROW + lane % 16] = got[pair];
        __syncwarp();
        if (block < blocks) {
            u32 m[16];
#pragma unroll
            for (u32 i = 0; i < 16; ++i) {
                const u32 high = tile[lane * ROW + i];
                m[i] = __funnelshift_r(low, high, shift);
                low = high;
            }
            const u32 bytes = least(length - block * BLOCK_BYTES, BLOCK_BYTES);
            if (bytes < BLOCK_BYTES) {
#pragma unroll
                for (u32 i = 0; i < 16; ++i) {
                    const u32 own_bytes = bytes > 4 * i ? bytes - 4 * i : 0;
                    if (own_bytes < 4) m[i] &= (1u << 8 * own_bytes) - 1;
                }
            }
            u32 flags = block ? 0 : CHUNK_START;
            if (block + 1 == blocks) flags |= is_root ? CHUNK_END | ROOT : CHUNK_END;
            compress(cv, m, index, bytes, flags);
        }
    }
    if (!blocks) return;
    if (is_root) {
        write_digest(digests, span, width, cv);
    } else {
        uint4* const out = (uint4*)(cvs + (size_t)8 * chunk);
        out[0] = make_uint4(cv[0], cv[1], cv[2], cv[3]);
        out[1] = make_uint4(cv[4], cv[5], cv[6], cv[7]);
    }
}

// The parents of each span's chunks, a level after the other, in place, and the digest of every span of more than one.
// One block a span.
extern "C" __global__ void __launch_bounds__(PARENT_THREADS, 8)
blake3_parents(u32* cvs, const u32* __restrict__ first_chunk, const Sizes* __restrict__ sizes,
               u32* __restrict__ digests, u32 width) {
    const u32 span = blockIdx.x;
    if (span >= sizes->files) return;
    const u32 first = first_chunk[span], chunks = first_chunk[span + 1] - first;
    uint4* const nodes = (uint4*)cvs + (size_t)2 * first;
    for (u32 reach = 1; reach < chunks; reach *= 2) {
        // A pair at this level is a left node that has a right one, `reach` chunks behind it.
        const u32 pairs = (chunks + reach - 1) / (2 * reach);
        for (u32 pair = threadIdx.x; pair < pairs; pair += PARENT_THREADS) {
            const bool is_root = chunks <= 2 * reach;
            const size_t left = (size_t)4 * reach * pair, right = left + 2 * reach;
            const uint4 a = nodes[left], b = nodes[left + 1], c = nodes[right], d = nodes[right + 1];
            const u32 m[16] = {a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w, c.x, c.y, c.z, c.w, d.x, d.y, d.z, d.w};
            u32 cv[8];
            initial(cv);
            compress(cv, m, 0, BLOCK_BYTES, is_root ? PARENT | ROOT : PARENT);
            if (is_root) {
                write_digest(digests, span, width, cv);
            } else {
                nodes[left] = make_uint4(cv[0], cv[1], cv[2], cv[3]);
                nodes[left + 1] = make_uint4(cv[4], cv[5], cv[6], cv[7]);
            }
        }
        __syncthreads();  // the next level reads what this one wrote
    }
}
