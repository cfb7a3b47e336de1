#include "CTeltelUI.h"
#include <string.h>

#ifndef TELTEL_COLLECTOR
#error "the collector is built by `make build`, or by `swift build --traits Collector`"
#elif !__has_embed("index.html")
#error "the web page has not been built: run `make build`"
#endif

static const unsigned char index_html[] = {
#embed "index.html"
};
static const unsigned char app_js[] = {
#embed "app.js"
};
static const unsigned char worker_js[] = {
#embed "worker.js"
};
static const unsigned char app_css[] = {
#embed "app.css"
};
static const unsigned char login_css[] = {
#embed "login.css"
};
static const unsigned char uplot_js[] = {
#embed "uPlot.js"
};
static const unsigned char uplot_css[] = {
#embed "uPlot.css"
};
static const unsigned char icon_svg[] = {
#embed "icon.svg"
};
static const unsigned char licenses_txt[] = {
#embed "licenses.txt"
};

static const struct {
    const char *name;
    const unsigned char *bytes;
    size_t size;
} files[] = {
    {"index.html", index_html, sizeof index_html}, {"app.js", app_js, sizeof app_js},
    {"worker.js", worker_js, sizeof worker_js},    {"app.css", app_css, sizeof app_css},
    {"login.css", login_css, sizeof login_css},    {"uPlot.js", uplot_js, sizeof uplot_js},
    {"uPlot.css", uplot_css, sizeof uplot_css},    {"icon.svg", icon_svg, sizeof icon_svg},
    {"licenses.txt", licenses_txt, sizeof licenses_txt},
};

const unsigned char *teltel_ui_file(const char *name, size_t *size) {
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (strcmp(files[i].name, name) == 0) {
            *size = files[i].size;
            return files[i].bytes;
        }
    }
    return NULL;
}
