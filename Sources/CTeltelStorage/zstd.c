/* One zstd frame at a time. */
#include "teltel_checks.h"

#include <stdlib.h>
#include <zstd.h>

struct teltel_zstd_packer {
  ZSTD_CCtx *context;
};

teltel_zstd_packer *teltel_zstd_packer_make(int level) {
  teltel_zstd_packer *packer = malloc(sizeof *packer);
  if (!packer) return NULL;
  packer->context = ZSTD_createCCtx();
  if (!packer->context || ZSTD_isError(ZSTD_CCtx_setParameter(packer->context, ZSTD_c_compressionLevel, level))) {
    teltel_zstd_packer_free(packer);
    return NULL;
  }
  return packer;
}

void teltel_zstd_packer_free(teltel_zstd_packer *packer) {
  if (!packer) return;
  ZSTD_freeCCtx(packer->context);
  free(packer);
}

size_t teltel_zstd_bound(size_t count) { return ZSTD_compressBound(count); }

size_t teltel_zstd_pack(teltel_zstd_packer *packer, void *to, size_t room, const void *from, size_t count) {
  size_t done = ZSTD_compress2(packer->context, to, room, from, count);
  return ZSTD_isError(done) ? 0 : done;
}

int teltel_zstd_unpack(void *to, size_t room, const void *from, size_t count) {
  if (ZSTD_findFrameCompressedSize(from, count) != count) return 0;
  return ZSTD_decompress(to, room, from, count) == room;
}

size_t teltel_zstd_first_frame(const void *bytes, size_t count, size_t *raw) {
  size_t size = ZSTD_findFrameCompressedSize(bytes, count);
  unsigned long long content = ZSTD_getFrameContentSize(bytes, count);
  if (ZSTD_isError(size) || content == ZSTD_CONTENTSIZE_UNKNOWN || content == ZSTD_CONTENTSIZE_ERROR) return 0;
  *raw = (size_t)content;
  return size;
}
