/* Checksums and compression of the spool: what Swift cannot call without pointers or intrinsics. No policy. */
#ifndef TELTEL_CHECKS_H
#define TELTEL_CHECKS_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32C (Castagnoli, reflected, as in iSCSI). `crc` is 0, or the result for the bytes before. Thread-safe. */
uint32_t teltel_crc32c(uint32_t crc, const void *bytes, size_t count);
/* The same without the processor's instruction: what other machines run. For tests. */
uint32_t teltel_crc32c_portable(uint32_t crc, const void *bytes, size_t count);

/* One zstd compressor with its working memory. Used by one thread at a time. NULL: no memory. */
typedef struct teltel_zstd_packer teltel_zstd_packer;
teltel_zstd_packer *teltel_zstd_packer_make(int level);
void teltel_zstd_packer_free(teltel_zstd_packer *packer);
/* The most bytes that `count` bytes can become. */
size_t teltel_zstd_bound(size_t count);
/* One whole frame that states the size of its content. Returns its bytes; 0 = failed. */
size_t teltel_zstd_pack(teltel_zstd_packer *packer, void *to, size_t room, const void *from, size_t count);
/* Unpacks exactly one frame into exactly `room` bytes. 1 = done, 0 = it is anything else. */
int teltel_zstd_unpack(void *to, size_t room, const void *from, size_t count);

/* The size of the first frame of `bytes`, and of its content; 0 = no whole frame begins there, or its content's size is unknown. */
size_t teltel_zstd_first_frame(const void *bytes, size_t count, size_t *raw);

#endif
