/* bad_tag RUN_ID: a run of which one tag of three has no key; prints what the library says about it. */
#include <stdio.h>
#include <teltel.h>

int main(int argc, char **argv) {
  const teltel_tag tags[] = {{"night", "7"}, {"", "nothing"}, {"car", "red"}};
  teltel_run_options options = teltel_run_options_default();
  options.run_id = argc > 1 ? argv[1] : "bad-tag";
  options.ring_bytes = 256 << 10;
  options.tags = tags;
  options.tag_count = 3;
  teltel_run *run;
  char said[512];
  if (teltel_run_start(&options, &run) != TELTEL_OK) return 1;
  teltel_last_message(said, sizeof said);
  puts(said);
  return teltel_run_end(run, TELTEL_COMPLETED, NULL) != TELTEL_OK;
}
