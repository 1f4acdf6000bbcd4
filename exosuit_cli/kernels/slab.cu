// The lists that other kernels work along, made of a slab's files.

#define LIST_THREADS 256
#define LIST_ITEMS 4u
#define LIST_SPAN (LIST_THREADS * LIST_ITEMS)
#define UNIT_BYTES 1024u

// The sum over the block's threads before each, and of all in `total`; low and high halves apart.
__device__ __forceinline__ u64 sums_before(u64 own, u64* shared, u64& total) {
    const u32 lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    u64 running = own;
    for (u32 step = 1; step < WARP; step *= 2) {
        const u64 other = __shfl_up_sync(ALL_LANES, running, step);
        if (lane >= step) running += other;
    }
    if (lane == WARP - 1) shared[warp] = running;
    __syncthreads();
    u64 before = running - own;
    total = 0;
    for (u32 i = 0; i < LIST_THREADS / WARP; ++i) {
        if (i < warp) before += shared[i];
        total += shared[i];
    }
    __syncthreads();  // all have read: the next sums may be written
    return before;
}

// spans: offset and length of every file. A file of more than `short_bytes` has a unit a KiB, another one has
// `least_units`. first_unit: u32[files + 1], the units before each file. file_starts: u32[filled + 1] and filled_files:
// u32[filled], where files begin that are not empty, and which they are. The columns of `results` are cleared, and LASTS
// is each file's last byte, or all ones; unless `results` is null. One block.
extern "C" __global__ void __launch_bounds__(LIST_THREADS)
slab_lists(Sizes* sizes, const uint2* __restrict__ spans, const u8* __restrict__ data, u32 short_bytes, u32 least_units,
           u32* __restrict__ first_unit, u32* __restrict__ file_starts, u32* __restrict__ filled_files, u32* results) {
    __shared__ u64 shared[LIST_THREADS / WARP];
    const u32 files = sizes->files, bytes = sizes->bytes;
    u64 before = 0;  // units in the low half, files that are not empty in the high half
    for (u32 base = 0; base < files; base += LIST_SPAN) {
        const u32 first = base + threadIdx.x * LIST_ITEMS;
        uint2 own[LIST_ITEMS];
        u64 counts[LIST_ITEMS], sum = 0, total;
        for (u32 i = 0; i < LIST_ITEMS; ++i) {
            own[i] = make_uint2(0, 0);
            counts[i] = 0;
            if (first + i < files) {
                own[i] = spans[first + i];
                const u32 length = own[i].y;
                const u32 units = length > short_bytes ? (length - 1) / UNIT_BYTES + 1 : least_units;
                counts[i] = units | (u64)(length > 0) << 32;
            }
            sum += counts[i];
        }
        u64 place = before + sums_before(sum, shared, total);
        for (u32 i = 0; i < LIST_ITEMS && first + i < files; ++i) {
            const u32 file = first + i, filled = (u32)(place >> 32);
            first_unit[file] = (u32)place;
            if (own[i].y) {
                file_starts[filled] = own[i].x;
                filled_files[filled] = file;
            }
            place += counts[i];
            if (results) {
                for (u32 which = 0; which < COLUMNS; ++which)
                    column(results, sizes, (Column)which)[file] =
                        which == LASTS ? (own[i].y ? data[own[i].x + own[i].y - 1] : ~0u) : 0;
            }
        }
        before += total;
    }
    if (threadIdx.x) return;
    first_unit[files] = (u32)before;
    file_starts[(u32)(before >> 32)] = bytes;
    sizes->units = (u32)before;
    sizes->filled = (u32)(before >> 32);
    sizes->tiles = bytes / 512 + (bytes % 512 != 0);
    if (results) results[LINE_TOTAL] = 0;
}
