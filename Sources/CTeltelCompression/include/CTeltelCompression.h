/* CTeltelCompression.h - bodies that come in compressed, decoded piece by piece into the caller's memory.
 *
 * No policy: how much may come out is the caller's business. Memory per decoder is bounded: about 40 KiB for zlib, and for zstd
 * its window (at most TELTEL_ZSTD_WINDOW_BYTES) and a little more. One thread at a time.
 */
#ifndef CTELTEL_COMPRESSION_H
#define CTELTEL_COMPRESSION_H
#include <stddef.h>

typedef enum teltel_coding {
  TELTEL_CODING_GZIP,    /* any number of members */
  TELTEL_CODING_DEFLATE, /* zlib's format, or raw as many clients send it */
  TELTEL_CODING_ZSTD     /* any number of frames */
} teltel_coding;

typedef enum teltel_decode_status {
  TELTEL_DECODE_OK,        /* all input was taken, or the room is full: then call again */
  TELTEL_DECODE_CORRUPT,   /* this is not what the coding says */
  TELTEL_DECODE_WINDOW,    /* zstd: needs a larger window than is given */
  TELTEL_DECODE_NO_MEMORY
} teltel_decode_status;

enum { TELTEL_ZSTD_WINDOW_LOG = 23, TELTEL_ZSTD_WINDOW_BYTES = 1 << TELTEL_ZSTD_WINDOW_LOG };

typedef struct teltel_decoder teltel_decoder;

/* NULL if there is no memory. */
teltel_decoder *teltel_decoder_create(teltel_coding coding);
void teltel_decoder_destroy(teltel_decoder *decoder);

/* Bytes that it has now. For zstd this grows with the first step of a frame, by the window that the frame's head asks for. */
size_t teltel_decoder_memory(const teltel_decoder *decoder);

/* Takes from `input` and writes to `room`; says how much of both. While the room comes back full there may be more: call again,
 * with the rest of the input or with none. After anything but OK the decoder only serves to be destroyed. */
teltel_decode_status teltel_decoder_step(
    teltel_decoder *decoder, const void *input, size_t input_count, size_t *taken, void *room, size_t room_count,
    size_t *written);

/* 1 if the input may end here: nothing has come, or the last member or frame is whole. */
int teltel_decoder_is_complete(const teltel_decoder *decoder);

#endif
