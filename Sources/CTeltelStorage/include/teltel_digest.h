/* Digests of columns: sums over values that do not depend on the rows' order. docs/storage-format.md defines them; the database
 * can state the same with intHash64, bitXor, xxHash64 and sum. No policy, thread-safe. Values may lie at any address. */
#ifndef TELTEL_DIGEST_H
#define TELTEL_DIGEST_H

#include <stddef.h>
#include <stdint.h>

/* h(x): ClickHouse's intHash64. */
uint64_t teltel_digest_hash(uint64_t x);
/* xxHash64 with seed 0. */
uint64_t teltel_digest_text(const void *bytes, size_t count);

/* How the bytes of a value are read. */
enum teltel_digest_kind {
    TELTEL_DIGEST_I8 = 1, TELTEL_DIGEST_U8, TELTEL_DIGEST_I16, TELTEL_DIGEST_U16, TELTEL_DIGEST_I32, TELTEL_DIGEST_U32,
    TELTEL_DIGEST_I64, TELTEL_DIGEST_U64, TELTEL_DIGEST_F32, TELTEL_DIGEST_F64
};

/* What the values of one field come to. The numbers are added to, the extremes widened; all zero but smallest = +inf and
 * largest = -inf before the first call. Smallest and largest are those of numbers that are no NaN and not infinite. */
typedef struct {
    uint64_t digest;
    uint64_t count; /* values that are not NULL */
    uint64_t nans;
    uint64_t infinities;
    double smallest;
    double largest;
} teltel_digest_sums;

/* keys[i] = h(frames[i]) */
void teltel_digest_frames(uint64_t *keys, const void *frames, size_t count);
/* keys[i] = h(keys[i] ^ bits(values[i])), the bits of NULL (nulls[i] != 0) being 0. `nulls` may be NULL. */
void teltel_digest_key(uint64_t *keys, const void *values, enum teltel_digest_kind kind, const uint8_t *nulls, size_t count);
/* One field of `count` rows. `name`: xxHash64 of its name; `rows`: per row the sum over its fields, or NULL for a field that
 * is no part of it; `nulls` as above. */
void teltel_digest_field(teltel_digest_sums *sums, const void *values, enum teltel_digest_kind kind, const uint8_t *nulls,
                         const uint64_t *keys, uint64_t name, uint64_t *rows, size_t count);
/* Smallest, largest, NaN and infinities of the same values. */
void teltel_digest_extremes(teltel_digest_sums *sums, const void *values, enum teltel_digest_kind kind, const uint8_t *nulls,
                            size_t count);
/* The bits of an array: sum over its elements, counted from 1, of h(bits(element) ^ h(number)). */
uint64_t teltel_digest_array(const void *values, enum teltel_digest_kind kind, size_t count);
/* Sum over the rows of h(key ^ sum over the row's fields). */
uint64_t teltel_digest_rows(const uint64_t *keys, const uint64_t *rows, size_t count);

#endif
