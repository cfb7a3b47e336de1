/* The web page's files, compiled in. */
#ifndef CTELTEL_UI_H
#define CTELTEL_UI_H
#include <stddef.h>
/* The bytes of one file ("index.html", "app.js" ...), or NULL. They live as long as the program. */
const unsigned char *teltel_ui_file(const char *name, size_t *size);
#endif
