/* Digests of columns. Loops are plain, so that the compiler can make several values at once of them; where the processor has wider
 * registers it takes those. */
#include "teltel_digest.h"

#include <math.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#if defined(__x86_64__)
#define WIDE __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define WIDE
#endif

static inline __attribute__((always_inline)) uint64_t hash(uint64_t x) {
    x ^= 0x4CF2D2BAAE6DA887ULL;
    x ^= x >> 33;
    x *= 0xff51afd7ed558ccdULL;
    x ^= x >> 33;
    x *= 0xc4ceb9fe1a85ec53ULL;
    x ^= x >> 33;
    return x;
}

uint64_t teltel_digest_hash(uint64_t x) { return hash(x); }
uint64_t teltel_digest_text(const void *bytes, size_t count) { return XXH64(bytes, count, 0); }

enum { LANES = 8 };

#define LOAD(type, values, i) ({ type v; memcpy(&v, (const char *)(values) + (i) * sizeof v, sizeof v); v; })

WIDE void teltel_digest_frames(uint64_t *keys, const void *frames, size_t count) {
    for (size_t i = 0; i < count; i++) keys[i] = hash(LOAD(uint64_t, frames, i));
}

/* Bits are the raw bytes: of a smaller number those of its unsigned form. */
#define FOR_WIDTHS(kind, MACRO)                                                                                                     \
    switch (kind) {                                                                                                                \
    case TELTEL_DIGEST_I8: case TELTEL_DIGEST_U8: MACRO(uint8_t) break;                                                             \
    case TELTEL_DIGEST_I16: case TELTEL_DIGEST_U16: MACRO(uint16_t) break;                                                          \
    case TELTEL_DIGEST_I32: case TELTEL_DIGEST_U32: case TELTEL_DIGEST_F32: MACRO(uint32_t) break;                                   \
    case TELTEL_DIGEST_I64: case TELTEL_DIGEST_U64: case TELTEL_DIGEST_F64: MACRO(uint64_t) break;                                   \
    }

WIDE void teltel_digest_key(uint64_t *keys, const void *values, enum teltel_digest_kind kind, const uint8_t *nulls, size_t count) {
#define KEYS(type)                                                                                                                 \
    for (size_t i = 0; i < count; i++) {                                                                                            \
        uint64_t bits = nulls && nulls[i] ? 0 : (uint64_t)LOAD(type, values, i);                                                   \
        keys[i] = hash(keys[i] ^ bits);                                                                                            \
    }
    FOR_WIDTHS(kind, KEYS)
#undef KEYS
}

WIDE void teltel_digest_field(teltel_digest_sums *sums, const void *values, enum teltel_digest_kind kind, const uint8_t *nulls,
                              const uint64_t *keys, uint64_t name, uint64_t *rows, size_t count) {
    uint64_t digest = 0, present = 0;
#define ALL_WITH_ROWS(type)                                                                                                        \
    for (size_t i = 0; i < count; i++) {                                                                                            \
        uint64_t one = hash((uint64_t)LOAD(type, values, i) ^ keys[i]);                                                              \
        digest += one;                                                                                                             \
        rows[i] += hash(one ^ name);                                                                                                \
    }
#define ALL(type)                                                                                                                  \
    for (size_t i = 0; i < count; i++) digest += hash((uint64_t)LOAD(type, values, i) ^ keys[i]);
#define SOME(type)                                                                                                                 \
    for (size_t i = 0; i < count; i++) {                                                                                            \
        uint64_t is = nulls[i] ? 0 : ~0ULL, one = hash((uint64_t)LOAD(type, values, i) ^ keys[i]);                                    \
        digest += one & is;                                                                                                        \
        present += is & 1;                                                                                                         \
        if (rows) rows[i] += hash(one ^ name) & is;                                                                                 \
    }
    if (nulls) {
        FOR_WIDTHS(kind, SOME)
    } else if (rows) {
        FOR_WIDTHS(kind, ALL_WITH_ROWS)
        present = count;
    } else {
        FOR_WIDTHS(kind, ALL)
        present = count;
    }
    sums->digest += digest;
    sums->count += present;
}

WIDE void teltel_digest_extremes(teltel_digest_sums *sums, const void *values, enum teltel_digest_kind kind, const uint8_t *nulls,
                                 size_t count) {
    double smallest = sums->smallest, largest = sums->largest;
    uint64_t nans = 0, infinities = 0;
#define IS(i) (!(nulls && nulls[i]))
#define INTEGERS(type, least, most)                                                                                                \
    {                                                                                                                              \
        type low = most, high = least;                                                                                             \
        uint64_t present = 0;                                                                                                      \
        for (size_t i = 0; i < count; i++) {                                                                                        \
            type v = LOAD(type, values, i), below = IS(i) ? v : most, above = IS(i) ? v : least;                                      \
            low = below < low ? below : low;                                                                                        \
            high = above > high ? above : high;                                                                                     \
            present |= IS(i);                                                                                                      \
        }                                                                                                                          \
        if (present && (double)low < smallest) smallest = (double)low;                                                              \
        if (present && (double)high > largest) largest = (double)high;                                                              \
    }                                                                                                                              \
    break;
/* Of one value; NaN is no number that a comparison with it finds smaller or larger. */
#define FLOAT(v, low, high)                                                                                                        \
    {                                                                                                                              \
        int infinite = fabs(v) == INFINITY;                                                                                         \
        nans += v != v;                                                                                                            \
        infinities += infinite;                                                                                                    \
        double below = infinite ? INFINITY : v, above = infinite ? -INFINITY : v;                                                    \
        low = below < low ? below : low;                                                                                            \
        high = above > high ? above : high;                                                                                         \
    }
/* Several at once: a single chain of comparisons would wait for each of them. */
#define FLOATS(type)                                                                                                               \
    {                                                                                                                              \
        double low[LANES], high[LANES];                                                                                             \
        for (size_t j = 0; j < LANES; j++) low[j] = INFINITY, high[j] = -INFINITY;                                                   \
        size_t i = 0;                                                                                                              \
        if (!nulls)                                                                                                                \
            for (; i + LANES <= count; i += LANES)                                                                                  \
                for (size_t j = 0; j < LANES; j++) {                                                                                \
                    double v = LOAD(type, values, i + j);                                                                           \
                    FLOAT(v, low[j], high[j])                                                                                       \
                }                                                                                                                  \
        for (; i < count; i++) {                                                                                                    \
            if (!IS(i)) continue;                                                                                                  \
            double v = LOAD(type, values, i);                                                                                       \
            FLOAT(v, low[0], high[0])                                                                                               \
        }                                                                                                                          \
        for (size_t j = 0; j < LANES; j++) {                                                                                        \
            smallest = low[j] < smallest ? low[j] : smallest;                                                                       \
            largest = high[j] > largest ? high[j] : largest;                                                                        \
        }                                                                                                                          \
    }                                                                                                                              \
    break;
    switch (kind) {
    case TELTEL_DIGEST_I8: INTEGERS(int8_t, INT8_MIN, INT8_MAX)
    case TELTEL_DIGEST_U8: INTEGERS(uint8_t, 0, UINT8_MAX)
    case TELTEL_DIGEST_I16: INTEGERS(int16_t, INT16_MIN, INT16_MAX)
    case TELTEL_DIGEST_U16: INTEGERS(uint16_t, 0, UINT16_MAX)
    case TELTEL_DIGEST_I32: INTEGERS(int32_t, INT32_MIN, INT32_MAX)
    case TELTEL_DIGEST_U32: INTEGERS(uint32_t, 0, UINT32_MAX)
    case TELTEL_DIGEST_I64: INTEGERS(int64_t, INT64_MIN, INT64_MAX)
    case TELTEL_DIGEST_U64: INTEGERS(uint64_t, 0, UINT64_MAX)
    case TELTEL_DIGEST_F32: FLOATS(float)
    case TELTEL_DIGEST_F64: FLOATS(double)
    }
    sums->smallest = smallest;
    sums->largest = largest;
    sums->nans += nans;
    sums->infinities += infinities;
}

WIDE uint64_t teltel_digest_rows(const uint64_t *keys, const uint64_t *rows, size_t count) {
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) sum += hash(keys[i] ^ rows[i]);
    return sum;
}

WIDE uint64_t teltel_digest_array(const void *values, enum teltel_digest_kind kind, size_t count) {
    uint64_t sum = 0;
#define ELEMENTS(type) for (size_t i = 0; i < count; i++) sum += hash((uint64_t)LOAD(type, values, i) ^ hash(i + 1));
    FOR_WIDTHS(kind, ELEMENTS)
#undef ELEMENTS
    return sum;
}
