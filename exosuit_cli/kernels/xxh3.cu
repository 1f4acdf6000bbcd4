// XXH3-128 and XXH3-64 with seed 0 (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md), in canonical
// form. Of 1 to 3 bytes and of more than 240, XXH3-64 is the low half of XXH3-128; of the others it is another function.
//
// Beyond 240 bytes a file is blocks of 1 KiB, each of which adds to eight accumulators a sum that depends on nothing
// before it: `xxh3_sums` makes these sums in parallel, and `xxh3_digests` scrambles them together, eight threads a file.

#define PRIME32_1 0x9E3779B1ull
#define PRIME32_2 0x85EBCA77ull
#define PRIME32_3 0xC2B2AE3Dull
#define PRIME64_1 0x9E3779B185EBCA87ull
#define PRIME64_2 0xC2B2AE3D27D4EB4Full
#define PRIME64_3 0x165667B19E3779F9ull
#define PRIME64_4 0x85EBCA77C2B2AE63ull
#define PRIME64_5 0x27D4EB2F165667C5ull
#define PRIME_MX1 0x165667919E3779F9ull
#define PRIME_MX2 0x9FB21C651E98DF25ull

#define BLOCK_BYTES 1024u
#define STRIPE_BYTES 64u
#define STRIPES 16u  // a block
#define LANES 8u
#define SHORT_BYTES 240u
#define SECRET_BYTES 192u
#define SUM_THREADS 256
#define DIGEST_THREADS 128

// The default secret, in words of eight bytes, the first byte the lowest; one more, that `secret` reads past the end.
__device__ const u64 kSecret[SECRET_BYTES / 8 + 1] = {
    0xbe4ba423396cfeb8ull, 0x1cad21f72c81017cull, 0xdb979083e96dd4deull, 0x1f67b3b7a4a44072ull,
    0x78e5c0cc4ee679cbull, 0x2172ffcc7dd05a82ull, 0x8e2443f7744608b8ull, 0x4c263a81e69035e0ull,
    0xcb00c391bb52283cull, 0xa32e531b8b65d088ull, 0x4ef90da297486471ull, 0xd8acdea946ef1938ull,
    0x3f349ce33f76faa8ull, 0x1d4f0bc7c7bbdcf9ull, 0x3159b4cd4be0518aull, 0x647378d9c97e9fc8ull,
    0xc3ebd33483acc5eaull, 0xeb6313faffa081c5ull, 0x49daf0b751dd0d17ull, 0x9e68d429265516d3ull,
    0xfca1477d58be162bull, 0xce31d07ad1b8f88full, 0x280416958f3acb45ull, 0x7e404bbbcafbd7afull, 0};

__device__ __forceinline__ u64 secret(u32 offset) {
    const u64 low = kSecret[offset / 8];
    const u32 shift = 8 * (offset % 8);
    return shift ? low >> shift | kSecret[offset / 8 + 1] << (64 - shift) : low;
}

struct Pair {
    u64 low, high;
};

__device__ __forceinline__ Pair multiply(u64 a, u64 b) { return Pair{a * b, __umul64hi(a, b)}; }

__device__ __forceinline__ u64 fold(u64 a, u64 b) { return a * b ^ __umul64hi(a, b); }

__device__ __forceinline__ u32 swap32(u32 word) { return __byte_perm(word, 0, 0x0123); }

__device__ __forceinline__ u64 swap64(u64 word) {
    return (u64)swap32((u32)word) << 32 | swap32((u32)(word >> 32));
}

__device__ __forceinline__ u64 avalanche(u64 hash) {
    hash ^= hash >> 37;
    hash *= PRIME_MX1;
    return hash ^ hash >> 32;
}

__device__ __forceinline__ u64 avalanche64(u64 hash) {
    hash ^= hash >> 33;
    hash *= PRIME64_2;
    hash ^= hash >> 29;
    hash *= PRIME64_3;
    return hash ^ hash >> 32;
}

__device__ __forceinline__ u64 mix16(const u32* __restrict__ data, u32 at, u32 key) {
    return fold(load64(data, at) ^ secret(key), load64(data, at + 8) ^ secret(key + 8));
}

__device__ __forceinline__ void mix32(Pair& sum, const u32* __restrict__ data, u32 a, u32 b, u32 key) {
    sum.low += mix16(data, a, key);
    sum.low ^= load64(data, b) + load64(data, b + 8);
    sum.high += mix16(data, b, key + 16);
    sum.high ^= load64(data, a) + load64(data, a + 8);
}

// One to three bytes and their number, in a word.
__device__ __forceinline__ u32 upto3(const u32* __restrict__ data, u32 at, u32 length) {
    const u8* bytes = (const u8*)data + at;
    return (u32)bytes[0] << 16 | (u32)bytes[length / 2] << 24 | bytes[length - 1] | length << 8;
}

__device__ __forceinline__ u64 upto3_half(u32 word, u32 key) {
    return avalanche64(word ^ ((u32)secret(key) ^ (u32)secret(key + 4)));
}

__device__ __forceinline__ Pair upto16(const u32* __restrict__ data, u32 at, u32 length) {
    if (length > 8) {
        const u64 first = load64(data, at);
        u64 last = load64(data, at + length - 8);
        Pair product = multiply(first ^ last ^ (secret(32) ^ secret(40)), PRIME64_1);
        product.low += (u64)(length - 1) << 54;
        last ^= secret(48) ^ secret(56);
        product.high += last + (u64)(u32)last * (PRIME32_2 - 1);
        product.low ^= swap64(product.high);
        Pair hash = multiply(product.low, PRIME64_2);
        hash.high += product.high * PRIME64_2;
        return Pair{avalanche(hash.low), avalanche(hash.high)};
    }
    if (length > 3) {
        const u64 word = (u32)load64(data, at) | load64(data, at + length - 4) << 32;
        Pair hash = multiply(word ^ (secret(16) ^ secret(24)), PRIME64_1 + (length << 2));
        hash.high += hash.low << 1;
        hash.low ^= hash.high >> 3;
        hash.low ^= hash.low >> 35;
        hash.low *= PRIME_MX2;
        hash.low ^= hash.low >> 28;
        return Pair{hash.low, avalanche(hash.high)};
    }
    if (length > 0) {
        const u32 low = upto3(data, at, length), swapped = swap32(low);
        const u32 high = __funnelshift_r(swapped, swapped, 32 - 13);
        return Pair{upto3_half(low, 0), upto3_half(high, 8)};
    }
    return Pair{avalanche64(secret(64) ^ secret(72)), avalanche64(secret(80) ^ secret(88))};
}

__device__ __forceinline__ Pair upto240(const u32* __restrict__ data, u32 at, u32 length) {
    const u32 end = at + length;
    Pair sum = {length * PRIME64_1, 0};
    if (length <= 128) {
        for (u32 i = (length - 1) / 32 + 1; i-- > 0;) mix32(sum, data, at + 16 * i, end - 16 * (i + 1), 32 * i);
    } else {
        for (u32 i = 0; i < 4; ++i) mix32(sum, data, at + 32 * i, at + 32 * i + 16, 32 * i);
        sum.low = avalanche(sum.low), sum.high = avalanche(sum.high);
        for (u32 i = 4; i < length / 32; ++i) mix32(sum, data, at + 32 * i, at + 32 * i + 16, 3 + 32 * (i - 4));
        mix32(sum, data, end - 16, end - 32, 103);
    }
    const u64 high = sum.low * PRIME64_1 + sum.high * PRIME64_4 + length * PRIME64_2;
    return Pair{avalanche(sum.low + sum.high), 0 - avalanche(high)};
}

__device__ __forceinline__ u64 rotate(u64 word, u32 left) { return word << left | word >> (64 - left); }

__device__ __forceinline__ u64 upto16_narrow(const u32* __restrict__ data, u32 at, u32 length) {
    if (length > 8) {
        const u64 low = load64(data, at) ^ (secret(24) ^ secret(32));
        const u64 high = load64(data, at + length - 8) ^ (secret(40) ^ secret(48));
        return avalanche(length + swap64(low) + high + fold(low, high));
    }
    if (length > 3) {
        const u64 word = (u32)load64(data, at + length - 4) | load64(data, at) << 32;
        u64 hash = word ^ (secret(8) ^ secret(16));
        hash ^= rotate(hash, 49) ^ rotate(hash, 24);
        hash *= PRIME_MX2;
        hash ^= (hash >> 35) + length;
        hash *= PRIME_MX2;
        return hash ^ hash >> 28;
    }
    if (length > 0) return upto3_half(upto3(data, at, length), 0);
    return avalanche64(secret(56) ^ secret(64));
}

__device__ __forceinline__ u64 upto240_narrow(const u32* __restrict__ data, u32 at, u32 length) {
    const u32 end = at + length;
    u64 sum = length * PRIME64_1;
    if (length <= 128) {
        for (u32 i = 0; i <= (length - 1) / 32; ++i)
            sum += mix16(data, at + 16 * i, 32 * i) + mix16(data, end - 16 * (i + 1), 32 * i + 16);
    } else {
        for (u32 i = 0; i < 8; ++i) sum += mix16(data, at + 16 * i, 16 * i);
        sum = avalanche(sum);
        for (u32 i = 8; i < length / 16; ++i) sum += mix16(data, at + 16 * i, 3 + 16 * (i - 8));
        sum += mix16(data, end - 16, 119);
    }
    return avalanche(sum);
}

// What each block of each file of more than 240 bytes adds to the accumulators; the last block's sum has the last
// stripe in it. first_block: u32[files + 1], the prefix sums of the spans' blocks, whose number is `units`. sums:
// u64[8 * units]. Eight threads a block, one a lane.
extern "C" __global__ void __launch_bounds__(SUM_THREADS, 4)
xxh3_sums(const u32* __restrict__ data, const uint2* __restrict__ spans, const u32* __restrict__ first_block,
          const Sizes* __restrict__ sizes, u64* __restrict__ sums) {
    const u32 blocks = sizes->units;
    if (blockIdx.x * (SUM_THREADS / LANES) >= blocks) return;
    const u32 block = (blockIdx.x * SUM_THREADS + threadIdx.x) / LANES;
    const u32 lane = threadIdx.x % LANES;
    u64 products = 0, values = 0;
    if (block < blocks) {
        const u32 span = find_span(first_block, sizes->files, block);
        const u32 start = spans[span].x, length = spans[span].y;
        const u32 at = (block - first_block[span]) * BLOCK_BYTES;
        const u32 stripes = least((length - 1 - at) / STRIPE_BYTES, STRIPES);
        for (u32 i = 0; i < stripes; ++i) {
            const u64 value = load64(data, start + at + STRIPE_BYTES * i + 8 * lane);
            const u64 key = value ^ kSecret[i + lane];
            products += (u64)(u32)key * (u32)(key >> 32);
            values += value;
        }
        if (block + 1 == first_block[span + 1]) {
            const u64 value = load64(data, start + length - STRIPE_BYTES + 8 * lane);
            const u64 key = value ^ secret(SECRET_BYTES - STRIPE_BYTES - 7 + 8 * lane);
            products += (u64)(u32)key * (u32)(key >> 32);
            values += value;
        }
    }
    const u64 neighbour = __shfl_xor_sync(ALL_LANES, values, 1);
    if (block < blocks) sums[(size_t)LANES * block + lane] = products + neighbour;
}

// digests: u8[8 * halves * files], canonical: XXH3-128 where halves is 2, XXH3-64 where it is 1. Eight threads a span.
extern "C" __global__ void __launch_bounds__(DIGEST_THREADS, 4)
xxh3_digests(const u32* __restrict__ data, const uint2* __restrict__ spans, const u32* __restrict__ first_block,
             const Sizes* __restrict__ sizes, const u64* __restrict__ sums, u64* __restrict__ digests, u32 halves) {
    const u32 files = sizes->files;
    if (blockIdx.x * (DIGEST_THREADS / LANES) >= files) return;
    const u32 span = (blockIdx.x * DIGEST_THREADS + threadIdx.x) / LANES;
    const u32 lane = threadIdx.x % LANES;
    const u32 length = span < files ? spans[span].y : 0;
    u64 sum = 0;
    if (length > SHORT_BYTES) {
        const u64 initial[LANES] = {PRIME32_3, PRIME64_1, PRIME64_2, PRIME64_3,
                                    PRIME64_4, PRIME32_2, PRIME64_5, PRIME32_1};
#pragma unroll
        for (u32 i = 0; i < LANES; ++i)
            if (lane == i) sum = initial[i];
        const u64 key = kSecret[SECRET_BYTES / 8 - LANES + lane];
        for (u32 block = first_block[span], end = first_block[span + 1]; block < end; ++block) {
            sum += sums[(size_t)LANES * block + lane];
            if (block + 1 < end) sum = (sum ^ sum >> 47 ^ key) * PRIME32_1;
        }
    }
    // Each of two neighbours folds the pair once: the even lane for the low half, the odd lane for the high half.
    const u64 other = __shfl_xor_sync(ALL_LANES, sum, 1);
    const bool is_high = lane & 1;
    const u32 key = (is_high ? SECRET_BYTES - 64 - 11 : 11) + 8 * (lane & ~1u);
    u64 folded = is_high ? fold(other ^ secret(key), sum ^ secret(key + 8))
                         : fold(sum ^ secret(key), other ^ secret(key + 8));
    folded += __shfl_xor_sync(ALL_LANES, folded, 2);
    folded += __shfl_xor_sync(ALL_LANES, folded, 4);
    if (span >= files) return;
    digests += (size_t)halves * span;
    if (length > SHORT_BYTES) {
        if (lane >= halves) return;
        const u64 half = avalanche(folded + (is_high ? ~(length * PRIME64_2) : length * PRIME64_1));
        digests[halves - 1 - lane] = swap64(half);  // the high half first
        return;
    }
    if (lane) return;
    const u32 start = spans[span].x;
    if (halves == 1) {
        digests[0] = swap64(length > 16 ? upto240_narrow(data, start, length) : upto16_narrow(data, start, length));
        return;
    }
    const Pair hash = length > 16 ? upto240(data, start, length) : upto16(data, start, length);
    digests[0] = swap64(hash.high);
    digests[1] = swap64(hash.low);
}
