// Just enough of CUDA to run kernels on a CPU, one block after the other: every thread of a block is a fiber that runs
// until it waits for its warp or its block. A warp runs one lane at a time, so a missing barrier shows at once, and a
// collective that not all lanes reach is an error.
#pragma once
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#define __global__
#define __device__ [[maybe_unused]] static
#define __forceinline__ inline
#define __shared__ static
#define __launch_bounds__(...)
#define __restrict__ __restrict

struct uint2 { unsigned x, y; };
struct uint3 { unsigned x, y, z; };
struct alignas(16) uint4 { unsigned x, y, z, w; };
static inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
static inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }

static uint3 threadIdx, blockIdx, blockDim;

namespace emulated {
enum State { READY, AT_WARP, AT_BLOCK, DONE };
constexpr unsigned kLargestBlock = 1024, kWarp = 32, kStack = 128 << 10;
struct Fiber {
    ucontext_t entry;
    jmp_buf place;
    char* stack;
    bool is_made;
    State state;
};
static Fiber fibers[kLargestBlock];
static unsigned current;
static jmp_buf scheduler;
static void (*body)(void*);
static void* body_arguments;
static unsigned long long slots[kLargestBlock];
static const char* failure;

[[gnu::noinline]] static void yield(State state) {
    const unsigned me = current;
    fibers[me].state = state;
    if (!_setjmp(fibers[me].place)) _longjmp(scheduler, 1);
    asm volatile("" ::: "memory");  // other threads ran: nothing in a register is what memory holds
}

static void run_for_ever() {
    for (;;) {
        body(body_arguments);
        yield(DONE);
    }
}

[[gnu::noinline]] static void resume(unsigned thread) {
    Fiber& fiber = fibers[thread];
    current = threadIdx.x = thread;
    fiber.state = READY;
    if (_setjmp(scheduler)) return;
    if (fiber.is_made) _longjmp(fiber.place, 1);
    fiber.is_made = true;
    if (!fiber.stack) fiber.stack = (char*)malloc(kStack);
    getcontext(&fiber.entry);
    fiber.entry.uc_stack.ss_sp = fiber.stack;
    fiber.entry.uc_stack.ss_size = kStack;
    makecontext(&fiber.entry, run_for_ever, 0);
    setcontext(&fiber.entry);
}

// Every other block runs its warps and lanes from the last to the first: no order of theirs may be relied upon.
static bool is_backward() { return blockIdx.x % 2 == 0; }

// Runs one warp until it is done or waits for its block.
static State run_warp(unsigned first) {
    for (;;) {
        for (unsigned i = 0; i < kWarp; ++i) {
            const unsigned thread = first + (is_backward() ? kWarp - 1 - i : i);
            if (fibers[thread].state == READY) resume(thread);
        }
        const State state = fibers[first].state;
        for (unsigned lane = 1; lane < kWarp; ++lane)
            if (fibers[first + lane].state != state) {
                failure = "the lanes of a warp parted: not all reach a collective or a barrier";
                return DONE;
            }
        if (state != AT_WARP) return state;
        for (unsigned lane = 0; lane < kWarp; ++lane) fibers[first + lane].state = READY;
    }
}

static void run_block(unsigned threads) {
    for (unsigned thread = 0; thread < threads; ++thread) fibers[thread].state = READY;
    for (;;) {
        unsigned done = 0;
        for (unsigned i = 0; i < threads && !failure; i += kWarp)
            done += run_warp(is_backward() ? threads - kWarp - i : i) == DONE;
        if (failure || done * kWarp == threads) return;
        if (done) {
            failure = "some warps ended before a barrier of their block";
            return;
        }
        for (unsigned thread = 0; thread < threads; ++thread) fibers[thread].state = READY;
    }
}

// Calls `take` with the values that all lanes of the warp gave, once all have; none goes on before all have taken.
template <class T, class Take>
static auto collect(T value, unsigned mask, Take take) {
    static_assert(sizeof(T) <= 8);
    if (mask != ~0u) failure = "a collective of some lanes only";
    const unsigned me = current;
    memcpy(&slots[me], &value, sizeof value);
    yield(AT_WARP);
    const auto found = take(&slots[me / kWarp * kWarp]);
    yield(AT_WARP);
    return found;
}

template <class T>
static T exchange(T value, unsigned mask, unsigned source) {
    return collect(value, mask, [&](const unsigned long long* given) {
        T found;
        memcpy(&found, &given[source], sizeof found);
        return found;
    });
}

template <unsigned... I> struct Indices {};
template <unsigned N, unsigned... I> struct Count : Count<N - 1, N - 1, I...> {};
template <unsigned... I> struct Count<0, I...> { using Type = Indices<I...>; };

template <class... Types> struct Call {
    void (*kernel)(Types...);
    void** arguments;
    template <unsigned... I> void with(Indices<I...>) const { kernel(*(Types*)arguments[I]...); }
    static void run(void* call) { ((const Call*)call)->with(typename Count<sizeof...(Types)>::Type()); }
};

template <class... Types>
static const char* start(void (*kernel)(Types...), unsigned blocks, unsigned threads, void** arguments,
                         const unsigned* sizes, unsigned count) {
    constexpr unsigned expected[] = {sizeof(Types)...};
    if (count != sizeof...(Types)) return "a wrong number of arguments";
    for (unsigned i = 0; i < count; ++i)
        if (sizes[i] != expected[i]) return "an argument of a wrong size";
    if (!threads || threads % kWarp || threads > kLargestBlock || !blocks) return "a wrong number of threads";
    static Call<Types...> call;
    call = {kernel, arguments};
    body = Call<Types...>::run;
    body_arguments = &call;
    failure = nullptr;
    blockDim = {threads, 1, 1};
    for (unsigned block = 0; block < blocks && !failure; ++block) {
        blockIdx = {block, 0, 0};
        run_block(threads);
    }
    if (failure)
        for (Fiber& fiber : fibers) fiber.is_made = false;
    return failure;
}
}  // namespace emulated

#define EMULATED(kernel)                                                                                     \
    extern "C" const char* emulated_##kernel(unsigned blocks, unsigned threads, void** arguments,            \
                                             const unsigned* sizes, unsigned count) {                        \
        return emulated::start(kernel, blocks, threads, arguments, sizes, count);                            \
    }

static inline void __syncwarp() { emulated::yield(emulated::AT_WARP); asm volatile("" ::: "memory"); }
static inline void __syncthreads() { emulated::yield(emulated::AT_BLOCK); asm volatile("" ::: "memory"); }
template <class T> static T __shfl_sync(unsigned mask, T value, unsigned lane) {
    return emulated::exchange(value, mask, lane % 32);
}
template <class T> static T __shfl_xor_sync(unsigned mask, T value, unsigned bits) {
    return emulated::exchange(value, mask, emulated::current % 32 ^ bits);
}
template <class T> static T __shfl_up_sync(unsigned mask, T value, unsigned by) {
    const unsigned lane = emulated::current % 32;
    return emulated::exchange(value, mask, lane < by ? lane : lane - by);
}
static inline unsigned __ballot_sync(unsigned mask, bool vote) {
    return emulated::collect((unsigned long long)vote, mask, [](const unsigned long long* given) {
        unsigned bits = 0;
        for (unsigned lane = 0; lane < 32; ++lane) bits |= (unsigned)given[lane] << lane;
        return bits;
    });
}
static inline unsigned __reduce_min_sync(unsigned mask, unsigned value) {
    return emulated::collect((unsigned long long)value, mask, [](const unsigned long long* given) {
        unsigned long long least = given[0];
        for (unsigned lane = 1; lane < 32; ++lane) least = given[lane] < least ? given[lane] : least;
        return (unsigned)least;
    });
}
static inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned shift) {
    return (unsigned)(((unsigned long long)high << 32 | low) >> shift % 32);
}
static inline unsigned __byte_perm(unsigned low, unsigned high, unsigned selector) {
    const unsigned long long bytes = (unsigned long long)high << 32 | low;
    unsigned word = 0;
    for (unsigned i = 0; i < 4; ++i) word |= (unsigned)(bytes >> 8 * (selector >> 4 * i & 7) & 0xFF) << 8 * i;
    return word;
}
static inline int __popc(unsigned word) { return __builtin_popcount(word); }
static inline int __popcll(unsigned long long word) { return __builtin_popcountll(word); }
static inline int __ffs(unsigned word) { return __builtin_ffs((int)word); }
static inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    return (unsigned long long)((unsigned __int128)a * b >> 64);
}
template <class T> static T replace(T* place, T value) {
    const T before = *place;
    *place = value;
    return before;
}
template <class T> static T atomicAdd(T* place, T value) { return replace(place, *place + value); }
template <class T> static T atomicMax(T* place, T value) { return replace(place, *place < value ? value : *place); }
template <class T> static T atomicOr(T* place, T value) { return replace(place, *place | value); }
