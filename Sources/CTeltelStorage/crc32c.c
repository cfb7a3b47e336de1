/* CRC-32C. The instruction of x86-64 and aarch64 where the processor has it, else eight tables. */
#include "teltel_checks.h"

#include <string.h>

#define POLYNOMIAL 0x82F63B78u

static uint32_t table[8][256];

__attribute__((constructor)) static void make_table(void) {
  for (uint32_t n = 0; n < 256; n++) {
    uint32_t crc = n;
    for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ POLYNOMIAL : crc >> 1;
    table[0][n] = crc;
  }
  for (uint32_t n = 0; n < 256; n++)
    for (int k = 1; k < 8; k++) table[k][n] = table[k - 1][n] >> 8 ^ table[0][table[k - 1][n] & 255];
}

uint32_t teltel_crc32c_portable(uint32_t crc, const void *bytes, size_t count) {
  const uint8_t *at = bytes;
  crc = ~crc;
  for (; count >= 8; count -= 8, at += 8) {
    uint32_t low = crc ^ ((uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24);
    crc = table[7][low & 255] ^ table[6][low >> 8 & 255] ^ table[5][low >> 16 & 255] ^ table[4][low >> 24] ^ table[3][at[4]] ^
          table[2][at[5]] ^ table[1][at[6]] ^ table[0][at[7]];
  }
  for (; count; count--) crc = crc >> 8 ^ table[0][(crc ^ *at++) & 255];
  return ~crc;
}

#if defined(__x86_64__)
#include <nmmintrin.h>

__attribute__((target("sse4.2"))) static uint32_t crc32c_instruction(uint32_t crc, const void *bytes, size_t count) {
  const uint8_t *at = bytes;
  uint64_t value = (uint32_t)~crc;
  for (; count >= 8; count -= 8, at += 8) {
    uint64_t word;
    memcpy(&word, at, 8);
    value = _mm_crc32_u64(value, word);
  }
  for (; count; count--) value = _mm_crc32_u8((uint32_t)value, *at++);
  return ~(uint32_t)value;
}

uint32_t teltel_crc32c(uint32_t crc, const void *bytes, size_t count) {
  return __builtin_cpu_supports("sse4.2") ? crc32c_instruction(crc, bytes, count) : teltel_crc32c_portable(crc, bytes, count);
}

#elif defined(__aarch64__) && defined(__linux__)
#include <arm_acle.h>
#include <sys/auxv.h>
#define HAS_CRC32 (1ul << 7) /* HWCAP_CRC32 */

__attribute__((target("+crc"))) static uint32_t crc32c_instruction(uint32_t crc, const void *bytes, size_t count) {
  const uint8_t *at = bytes;
  crc = ~crc;
  for (; count >= 8; count -= 8, at += 8) {
    uint64_t word;
    memcpy(&word, at, 8);
    crc = __crc32cd(crc, word);
  }
  for (; count; count--) crc = __crc32cb(crc, *at++);
  return ~crc;
}

uint32_t teltel_crc32c(uint32_t crc, const void *bytes, size_t count) {
  return getauxval(AT_HWCAP) & HAS_CRC32 ? crc32c_instruction(crc, bytes, count) : teltel_crc32c_portable(crc, bytes, count);
}

#else
uint32_t teltel_crc32c(uint32_t crc, const void *bytes, size_t count) { return teltel_crc32c_portable(crc, bytes, count); }
#endif
