/* teltel_curl.h - the calls of libcurl that Swift cannot make itself, because they take any number of arguments. */
#ifndef TELTEL_CURL_H
#define TELTEL_CURL_H
#include <curl/curl.h>
#include <stddef.h>

/* Called with bytes that came in (answer or header line); returns how many were taken, fewer to stop the transfer. */
typedef size_t (*teltel_curl_sink)(char *bytes, size_t size, size_t count, void *context);
/* Fills `bytes` with up to size * count bytes to send; 0 at the end, CURL_READFUNC_ABORT to stop. */
typedef size_t (*teltel_curl_source)(char *bytes, size_t size, size_t count, void *context);
/* Called about once a second and more often while bytes flow; anything but 0 stops the transfer. */
typedef int (*teltel_curl_progress)(void *context, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

CURLcode teltel_curl_set_long(CURL *handle, CURLoption option, long value);
CURLcode teltel_curl_set_size(CURL *handle, CURLoption option, curl_off_t value);
CURLcode teltel_curl_set_text(CURL *handle, CURLoption option, const char *value);
CURLcode teltel_curl_set_headers(CURL *handle, struct curl_slist *headers);
CURLcode teltel_curl_set_body_sink(CURL *handle, teltel_curl_sink sink, void *context);
CURLcode teltel_curl_set_header_sink(CURL *handle, teltel_curl_sink sink, void *context);
CURLcode teltel_curl_set_source(CURL *handle, teltel_curl_source source, void *context);
CURLcode teltel_curl_set_progress(CURL *handle, teltel_curl_progress progress, void *context);
CURLcode teltel_curl_set_error_buffer(CURL *handle, char *buffer); /* of CURL_ERROR_SIZE bytes */
CURLcode teltel_curl_get_long(CURL *handle, CURLINFO info, long *value);

#endif
