/* zlib and libzstd behind one face. */
#include "CTeltelCompression.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

struct teltel_decoder {
  teltel_coding coding;
  int complete;
  int padded; /* gzip: what came behind the last member fills a block, or ends a line */
  int started; /* deflate: the format is known; gzip: the first member has begun */
  z_stream zlib;
  ZSTD_DStream *zstd;
};

enum { GZIP_ONLY = 16 + MAX_WBITS, ZLIB_FORMAT = MAX_WBITS, RAW = -MAX_WBITS };

teltel_decoder *teltel_decoder_create(teltel_coding coding) {
  teltel_decoder *decoder = calloc(1, sizeof *decoder);
  if (!decoder) return NULL;
  decoder->coding = coding;
  decoder->complete = 1;
  if (coding == TELTEL_CODING_ZSTD) {
    decoder->zstd = ZSTD_createDStream();
    if (decoder->zstd && !ZSTD_isError(ZSTD_DCtx_setParameter(decoder->zstd, ZSTD_d_windowLogMax, TELTEL_ZSTD_WINDOW_LOG))) {
      return decoder;
    }
  } else if (inflateInit2(&decoder->zlib, coding == TELTEL_CODING_GZIP ? GZIP_ONLY : RAW) == Z_OK) {
    return decoder;
  }
  teltel_decoder_destroy(decoder);
  return NULL;
}

void teltel_decoder_destroy(teltel_decoder *decoder) {
  if (!decoder) return;
  if (decoder->coding == TELTEL_CODING_ZSTD) ZSTD_freeDStream(decoder->zstd);
  else inflateEnd(&decoder->zlib); /* of a stream that never began: harmless */
  free(decoder);
}

/* The first byte of zlib's format names method 8 and a window of at most 32 KiB. A raw stream could only begin so with a stored
 * block whose padding bits are set, which no compressor writes. */
static int begins_zlib_format(unsigned char first) { return (first & 15) == 8 && first >> 4 <= 7; }

/* Tapes and tools that write lines leave these behind; gzip(1) takes no offence either. */
static int is_padding(unsigned char byte) { return byte == 0 || byte == '\n' || byte == '\r'; }

static teltel_decode_status step_zlib(
    teltel_decoder *decoder, const void *input, size_t input_count, size_t *taken, void *room, size_t room_count,
    size_t *written) {
  z_stream *stream = &decoder->zlib;
  if (!decoder->started && input_count > 0) {
    decoder->started = 1;
    decoder->complete = 0;
    if (decoder->coding == TELTEL_CODING_DEFLATE && begins_zlib_format(*(const unsigned char *)input) && inflateReset2(stream, ZLIB_FORMAT) != Z_OK) {
      return TELTEL_DECODE_NO_MEMORY;
    }
  }
  if (input_count > UINT_MAX) input_count = UINT_MAX;
  if (room_count > UINT_MAX) room_count = UINT_MAX;
  stream->next_in = (Bytef *)input; /* zlib does not write there; its type has no const */
  stream->avail_in = (uInt)input_count;
  stream->next_out = room;
  stream->avail_out = (uInt)room_count;
  teltel_decode_status status = TELTEL_DECODE_OK;
  while (stream->avail_out > 0) {
    if (decoder->complete) {
      if (stream->avail_in == 0) break;
      if (decoder->coding == TELTEL_CODING_GZIP && is_padding(*stream->next_in)) {
        decoder->padded = 1;
        stream->next_in++;
        stream->avail_in--;
        continue;
      }
      /* What follows a whole gzip member is another one. */
      if (decoder->coding != TELTEL_CODING_GZIP || decoder->padded || inflateReset(stream) != Z_OK) {
        status = TELTEL_DECODE_CORRUPT;
        break;
      }
      decoder->complete = 0;
    }
    int result = inflate(stream, Z_NO_FLUSH);
    if (result == Z_STREAM_END) decoder->complete = 1;
    else if (result == Z_BUF_ERROR) break; /* all input is taken */
    else if (result == Z_MEM_ERROR) status = TELTEL_DECODE_NO_MEMORY;
    else if (result != Z_OK) status = TELTEL_DECODE_CORRUPT;
    if (status != TELTEL_DECODE_OK) break;
  }
  *taken = input_count - stream->avail_in;
  *written = room_count - stream->avail_out;
  return status;
}

static teltel_decode_status step_zstd(
    teltel_decoder *decoder, const void *input, size_t input_count, size_t *taken, void *room, size_t room_count,
    size_t *written) {
  ZSTD_inBuffer in = {input, input_count, 0};
  ZSTD_outBuffer out = {room, room_count, 0};
  teltel_decode_status status = TELTEL_DECODE_OK;
  while (out.pos < out.size) {
    const size_t in_before = in.pos, out_before = out.pos;
    /* A call between two frames would begin a frame that never comes. */
    if (decoder->complete && in.pos == in.size) break;
    const size_t result = ZSTD_decompressStream(decoder->zstd, &out, &in);
    if (ZSTD_isError(result)) {
      switch (ZSTD_getErrorCode(result)) {
        case ZSTD_error_frameParameter_windowTooLarge: status = TELTEL_DECODE_WINDOW; break;
        case ZSTD_error_memory_allocation: status = TELTEL_DECODE_NO_MEMORY; break;
        default: status = TELTEL_DECODE_CORRUPT;
      }
      break;
    }
    decoder->complete = result == 0;
    if (in.pos == in_before && out.pos == out_before) break; /* it waits for more input */
  }
  *taken = in.pos;
  *written = out.pos;
  return status;
}

teltel_decode_status teltel_decoder_step(
    teltel_decoder *decoder, const void *input, size_t input_count, size_t *taken, void *room, size_t room_count,
    size_t *written) {
  *taken = 0;
  *written = 0;
  return (decoder->coding == TELTEL_CODING_ZSTD ? step_zstd : step_zlib)(
      decoder, input, input_count, taken, room, room_count, written);
}

/* zlib does not say what it has: its window, and tables of about 8 KiB. */
enum { ZLIB_BYTES = (1 << MAX_WBITS) + (8 << 10) };

size_t teltel_decoder_memory(const teltel_decoder *decoder) {
  return sizeof *decoder + (decoder->coding == TELTEL_CODING_ZSTD ? ZSTD_sizeof_DStream(decoder->zstd) : ZLIB_BYTES);
}

int teltel_decoder_is_complete(const teltel_decoder *decoder) { return decoder->complete; }
