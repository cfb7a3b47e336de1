// The conformance scenario in C++. See scenario.h.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <teltel.hpp>

#include "scenario.h"

TELTEL_DESCRIBE(AllKinds, "test", "all.kinds",
                TELTEL_MEMBER(AllKinds, i64, "i64"), TELTEL_MEMBER(AllKinds, u64, "u64"),
                TELTEL_MEMBER(AllKinds, f64, "f64", "m/s"), TELTEL_MEMBER(AllKinds, pos, "pos.x,pos.y,pos.z", "m"),
                TELTEL_MEMBER_MEASURED(AllKinds, f32, "f32"), TELTEL_MEMBER_INPUT(AllKinds, i32, "i32"),
                TELTEL_MEMBER(AllKinds, u32, "u32"), TELTEL_MEMBER_KEY(AllKinds, id, "id"),
                TELTEL_MEMBER(AllKinds, i16, "i16"), TELTEL_MEMBER(AllKinds, u16, "u16"),
                TELTEL_MEMBER(AllKinds, samples, "samples"), TELTEL_MEMBER(AllKinds, i8, "i8"),
                TELTEL_MEMBER(AllKinds, u8, "u8"), TELTEL_MEMBER_INPUT(AllKinds, mode, "mode", nullptr, "off,on"),
                TELTEL_MEMBER(AllKinds, flag, "flag"), TELTEL_MEMBER(AllKinds, text, "text", nullptr, nullptr, TELTEL_INPUT));
struct Wide { std::uint8_t bytes[70000]; };
TELTEL_DESCRIBE(Wide, "test", "wide", TELTEL_MEMBER(Wide, bytes, "bytes"));
struct Foreign { std::uint8_t bytes[8]; };
TELTEL_DESCRIBE(Foreign, "test", "foreign", TELTEL_MEMBER(Foreign, bytes, "bytes"));

namespace {

void expect(bool holds, const char *what) {
  if (holds) return;
  std::fprintf(stderr, "scenario.cpp: %s\n", what);
  std::exit(1);
}

teltel::Run start(const char *id) {
  static const teltel_tag tags[] = {{"site", "lab"}, {"team", "a"}};
  teltel::Options o;
  o.run_id = id;
  o.source_id = "scenario";
  o.engine_version = "1.0 \"beta\"";
  o.config_json = "{\"car\":\"red\"}";
  o.tags = tags;
  o.tag_count = 2;
  o.seed = UINT64_MAX;
  o.has_seed = 1;
  o.ring_bytes = 256 << 10;
  teltel::Run run(o);
  expect(bool(run), run.why());
  return run;
}

void conformance() {
  teltel::Run run = start("conformance"), other = start("other");
  const auto wide = run.define<Wide>();
  const auto foreign = other.define<Foreign>();
  const auto all = run.define<AllKinds>();
  expect(all.get().word == run.define<AllKinds>().get().word, "define");

  const teltel::Schema schema = run.schema(all.get());
  teltel_type copy;
  expect(schema && teltel_define_desc(other.get(), &*schema, &copy) == TELTEL_OK, "define what was described");
  expect(!other.schema(all.get()), "describe a foreign type");
  expect(run.types(nullptr, 0) == 2, "types");

  all.emit(run, 0, 0.0, lowest());
  all.emit(run, UINT64_MAX, double_of(0x8000000000000000u), highest());
  all.emit(run, 1, double_of(0x7FF0000000000001u), usual(1));
  const teltel_tag pairs[] = {{"a", "1"}, {"b", ""}};
  const teltel_tags tags = run.tags(pairs, 2);
  expect(tags.id == run.tags(pairs, 2).id, "tags");
  all.with(tags).emit(run, 1, -1.5, usual(2));

  run.emit_json("test", "free", 2, 0.25, "{\"name\":\"caf\xC3\xA9\",\"n\":[1,null]}");
  run.emit_json("test", "free", 3, 0.5, "7");
  run.frame_start(4, 1.0, 0.125);
  run.frame_end(4, 1.0, {0.125, 2, 3.5});
  {
    const teltel::Writer job(run, "job");
    const auto status = all.fill(job, 5, 2.0, [&](AllKinds &room) {
      room = usual(3);
      expect(all.emit(job, 6, 2.0, usual(1)) == TELTEL_REFUSED_STATE, "emit while reserved");
    });
    expect(status == TELTEL_OK, "fill");
    expect(foreign.emit(job, 6, 2.0, {}) == TELTEL_REFUSED_TYPE, "foreign type");
    expect(all.emit(job, 7, 2.5, usual(1)) == TELTEL_OK, "emit on a writer");
  }
  static const Wide zeros{};
  for (int i = 0; i < 3; i++) expect(wide.emit(run, 8, 0.0, zeros) == TELTEL_REFUSED_SIZE, "wide");
  expect(run.end(TELTEL_FAILED, "caf\xC3\xA9 \"closed\"") == TELTEL_OK, "end");
  other.end(TELTEL_CANCELLED);
}

// Types of many sizes: by the C functions, which the C++ face shares.
void wrap() {
  constexpr std::array<std::uint32_t, 19> sizes{1, 2, 3, 4, 7, 8, 13, 16, 27, 33, 64, 65, 100, 129, 255, 256, 257, 1000, 5000};
  teltel::Run run = start("wrap");
  std::array<teltel_type, sizes.size()> types;
  for (std::size_t i = 0; i < sizes.size(); i++) {
    char name[32];
    std::snprintf(name, sizeof name, "bytes.%u", sizes[i]);
    const teltel_field field{"bytes", nullptr, nullptr, TELTEL_U8, 0, sizes[i], 0};
    expect(teltel_define(run.get(), "test", name, &field, 1, sizes[i], &types[i]) == TELTEL_OK, name);
  }
  std::array<unsigned char, 5000> bytes;
  std::uint64_t frame = 0;
  for (int round = 0; round < 4; round++) {
    for (;; frame++) {
      bytes.fill(static_cast<unsigned char>(frame & 0xFF));
      if (teltel_emit(run.get(), types[frame % sizes.size()], frame, 0.0, bytes.data()) != TELTEL_OK) break;
    }
    if (round < 3) release_all(run.instance());
  }
  run.end();
}

}  // namespace

int main(int argc, char **) {
  conformance();
  if (argc == 1) wrap();
}
