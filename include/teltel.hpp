// teltel.hpp - C++17 face of teltel.h. Header only; needs neither exceptions nor RTTI, and throws none.
//
// Each member is one call of teltel.h, and costs what that costs: units, errors, threads and costs that are not told here are
// those of the C function that is named. Times are seconds of simulation.
#ifndef TELTEL_HPP
#define TELTEL_HPP

#if __cplusplus < 201703L
#error "teltel.hpp needs C++17 or newer; teltel.h takes C++11"
#else

#include "teltel.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

namespace teltel {

using Status = teltel_status;

namespace detail {
template <class T> constexpr std::uint32_t kind() {
  using U = std::remove_cv_t<std::remove_all_extents_t<T>>;
  if constexpr (std::is_enum_v<U>) return kind<std::underlying_type_t<U>>();
  else if constexpr (std::is_same_v<U, bool>) return TELTEL_BOOL;
  else if constexpr (std::is_same_v<U, char>) return TELTEL_TEXT;
  else if constexpr (std::is_same_v<U, float>) return TELTEL_F32;
  else if constexpr (std::is_same_v<U, double>) return TELTEL_F64;
  else {
    static_assert(std::is_integral_v<U> && sizeof(U) <= 8, "a field is a number, bool, enum, char[] or an array of these");
    constexpr std::uint32_t sign = std::is_signed_v<U> ? 1u : 2u;
    return (sizeof(U) == 1 ? 0u : sizeof(U) == 2 ? 2u : sizeof(U) == 4 ? 4u : 6u) + sign;
  }
}
constexpr std::uint32_t name_count(const char *names) {
  std::uint32_t count = 1;
  for (; *names != '\0'; ++names) count += *names == ',' ? 1u : 0u;
  return count;
}
template <std::size_t N> constexpr bool well_formed(const teltel_field (&fields)[N], std::size_t size) {
  for (const teltel_field &field : fields) {
    const std::uint32_t names = name_count(field.name);
    if (field.name[0] == '\0' || field.offset >= size) return false;
    if (names != 1 && (names != field.count || field.kind == TELTEL_TEXT)) return false;
  }
  return true;
}
template <std::size_t N> constexpr bool comparable(const teltel_field (&fields)[N]) {
  for (const teltel_field &field : fields) {
    if ((field.flags & TELTEL_MEASURED) != 0 && (field.flags & (TELTEL_KEY | TELTEL_INPUT)) != 0) return false;
  }
  return true;
}
inline teltel_field known(teltel_field field) noexcept {
  if (field.flags != 0) field.flags = teltel_known_flags(field.flags);
  return field;
}
constexpr teltel_field with_flag(teltel_field field, std::uint32_t flag) {
  field.flags |= flag;
  return field;
}
}  // namespace detail

/// One field of a record. Kind and count come from the member's type M; the number of names is checked when compiling.
template <class M>
constexpr teltel_field field(std::size_t offset, const char *name, const char *unit = nullptr, const char *labels = nullptr,
                             std::uint32_t flags = 0) {
  using Element = std::remove_all_extents_t<M>;
  return {name, unit, labels, detail::kind<M>(), static_cast<std::uint32_t>(offset),
          static_cast<std::uint32_t>(sizeof(M) / sizeof(Element)), flags};
}
/// TELTEL_MEMBER(Body, pos, "pos.x,pos.y,pos.z", "m") and TELTEL_MEMBER(Body, gear, "gear", nullptr, "up,down").
#define TELTEL_MEMBER(T, m, ...) ::teltel::field<decltype(T::m)>(offsetof(T, m), __VA_ARGS__)
/// The member that tells several instances of the type in one frame apart.
#define TELTEL_MEMBER_KEY(T, m, name) ::teltel::field<decltype(T::m)>(offsetof(T, m), name, nullptr, nullptr, TELTEL_KEY)
/// A member that the engine was given, and one that is of the machine: see TELTEL_INPUT and TELTEL_MEASURED. With unit and labels as
/// TELTEL_MEMBER has them. A library that is too old for these flags gets the type without them.
#define TELTEL_MEMBER_INPUT(T, m, ...) ::teltel::detail::with_flag(TELTEL_MEMBER(T, m, __VA_ARGS__), TELTEL_INPUT)
#define TELTEL_MEMBER_MEASURED(T, m, ...) ::teltel::detail::with_flag(TELTEL_MEMBER(T, m, __VA_ARGS__), TELTEL_MEASURED)

/// Specialise it for a struct of yours (TELTEL_DESCRIBE does): channel, name and a static constexpr array `fields`.
template <class T> struct Describe;

/// TELTEL_DESCRIBE(Body, "physics", "body.state", TELTEL_MEMBER(Body, pos, "pos.x,pos.y,pos.z", "m"), ...) at namespace scope.
#define TELTEL_DESCRIBE(T, channel_, name_, ...)                      \
  template <> struct teltel::Describe<T> {                            \
    static constexpr const char *channel = channel_, *name = name_;   \
    static constexpr teltel_field fields[] = {__VA_ARGS__};           \
  }

class Writer;
template <class T> class Type;

/// A type's definition, asked back: teltel_describe. Owns the memory that it points to.
class Schema {
 public:
  Schema() noexcept = default;
  /// Is there a definition? Not for a type of another run.
  explicit operator bool() const noexcept { return memory_ != nullptr; }
  const teltel_type_desc &operator*() const noexcept { return *get(); }
  const teltel_type_desc *operator->() const noexcept { return get(); }

 private:
  friend class Run;
  Schema(teltel_run *run, teltel_type type) noexcept {
    const std::size_t size = teltel_describe(run, type, nullptr, 0);
    if (size != 0) memory_.reset(new (std::nothrow) std::max_align_t[size / sizeof(std::max_align_t) + 1]);
    if (memory_ != nullptr && teltel_describe(run, type, memory_.get(), size) != size) memory_.reset();
  }
  const teltel_type_desc *get() const noexcept { return std::launder(reinterpret_cast<const teltel_type_desc *>(memory_.get())); }
  std::unique_ptr<std::max_align_t[]> memory_;
};

/// teltel_run_options with their defaults.
struct Options : teltel_run_options {
  Options() noexcept : teltel_run_options(teltel_run_options_default()) {}
};

/// Owns a run and ends it as cancelled when it goes out of scope without end(). Never throws; a run that could not start
/// swallows everything. All const members may be called from any thread.
class Run {
 public:
  Run() noexcept = default;
  explicit Run(const teltel_run_options &options) noexcept {
    status_ = teltel_run_start(&options, &run_);
    counted_ = run_;
  }
  Run(Run &&other) noexcept
      : run_(std::exchange(other.run_, nullptr)), counted_(std::exchange(other.counted_, nullptr)), status_(other.status_) {}
  Run &operator=(Run &&other) noexcept {
    if (this != &other) {
      cancel();
      run_ = std::exchange(other.run_, nullptr);
      counted_ = std::exchange(other.counted_, nullptr);
      status_ = other.status_;
    }
    return *this;
  }
  Run(const Run &) = delete;
  Run &operator=(const Run &) = delete;
  ~Run() { cancel(); }

  /// teltel_run_end. Not while another thread uses this object: it is empty afterwards, but for drops() and dropped().
  Status end(std::int32_t status = TELTEL_COMPLETED, const char *reason = nullptr) noexcept {
    return teltel_run_end(std::exchange(run_, nullptr), status, reason);
  }
  /// Why the run started or not: teltel_run_start's answer, and its words.
  [[nodiscard]] Status status() const noexcept { return status_; }
  [[nodiscard]] const char *why() const noexcept { return teltel_strerror(status_); }
  /// Is there a run?
  explicit operator bool() const noexcept { return run_ != nullptr; }
  /// For the calls that are not here; nullptr is a run that swallows everything.
  [[nodiscard]] teltel_run *get() const noexcept { return run_; }
  /// teltel_instance.
  [[nodiscard]] std::uint64_t instance() const noexcept { return teltel_instance(run_); }

  /// teltel_define with what TELTEL_DESCRIBE says of T. A type that could not be defined refuses its events; see its status().
  template <class T> [[nodiscard]] Type<T> define() const noexcept;
  /// How a type was defined; empty for one of another run.
  [[nodiscard]] Schema schema(teltel_type type) const noexcept { return Schema(run_, type); }
  /// teltel_types.
  std::size_t types(teltel_type *out, std::size_t capacity) const noexcept { return teltel_types(run_, out, capacity); }
  /// teltel_tags_define; no tags if that fails.
  [[nodiscard]] teltel_tags tags(const teltel_tag *pairs, std::size_t count) const noexcept {
    teltel_tags result{};
    teltel_tags_define(run_, pairs, count, &result);
    return result;
  }
  /// teltel_emit_json.
  Status emit_json(const char *channel, const char *name, std::uint64_t frame, double time,
                   std::string_view text) const noexcept {
    return teltel_emit_json(run_, channel, name, frame, time, text.data(), text.size());
  }
  /// teltel_frame_start.
  Status frame_start(std::uint64_t frame, double time, double dt) const noexcept {
    return teltel_frame_start(run_, frame, time, dt);
  }
  /// teltel_frame_end.
  Status frame_end(std::uint64_t frame, double time, const teltel_frame_end_values &values) const noexcept {
    return teltel_frame_end(run_, frame, time, &values);
  }
  /// teltel_thread_attach, teltel_thread_detach: for the calling thread.
  Status attach_thread() const noexcept { return teltel_thread_attach(run_); }
  void detach_thread() const noexcept { teltel_thread_detach(run_); }
  /// Events refused, or overwritten, so far: teltel_dropped. By reason, of all types or of one.
  [[nodiscard]] teltel_drops drops(teltel_type type = {}) const noexcept {
    teltel_drops result = teltel_drops_default();
    teltel_dropped(counted_, type, &result);
    return result;
  }
  /// As a total of all types.
  [[nodiscard]] std::uint64_t dropped() const noexcept { return teltel_dropped(counted_, teltel_type{}, nullptr); }

 private:
  void cancel() noexcept {
    if (run_ != nullptr) end(TELTEL_CANCELLED, "run object destroyed without end()");
  }
  teltel_run *run_ = nullptr;
  teltel_run *counted_ = nullptr;  // the same, kept beyond the end
  Status status_ = TELTEL_ERROR_ENDED;
};

/// A ring of one's own, used by one thread at a time. Closes itself; may outlive the run.
class Writer {
 public:
  /// teltel_writer_open.
  explicit Writer(const Run &run, const char *name = nullptr) noexcept : writer_(teltel_writer_open(run.get(), name)) {}
  Writer(Writer &&other) noexcept : writer_(std::exchange(other.writer_, nullptr)) {}
  Writer &operator=(Writer &&other) noexcept {
    std::swap(writer_, other.writer_);
    return *this;
  }
  Writer(const Writer &) = delete;
  Writer &operator=(const Writer &) = delete;
  ~Writer() { teltel_writer_close(writer_); }
  /// Is there a ring? Without one every event is refused.
  explicit operator bool() const noexcept { return writer_ != nullptr; }
  [[nodiscard]] teltel_writer *get() const noexcept { return writer_; }

 private:
  teltel_writer *writer_ = nullptr;
};

/// The handle of one event type: copy it freely.
template <class T> class Type {
  static_assert(std::is_trivially_copyable_v<T> && std::is_standard_layout_v<T>, "a record is a plain struct");

 public:
  Type() noexcept = default;
  /// teltel_emit, teltel_writer_emit.
  Status emit(const Run &run, std::uint64_t frame, double time, const T &record) const noexcept {
    return teltel_emit(run.get(), type_, frame, time, &record);
  }
  Status emit(const Writer &writer, std::uint64_t frame, double time, const T &record) const noexcept {
    return teltel_writer_emit(writer.get(), type_, frame, time, &record);
  }
  /// Calls fill(T &) with room in the ring and commits, or does not call it at all: then the event is refused and counted.
  template <class F> Status fill(const Writer &writer, std::uint64_t frame, double time, F &&fill) const {
    static_assert(alignof(T) <= 8, "reserve gives 8-byte alignment");
    void *room = teltel_reserve(writer.get(), type_, frame, time);
    if (room == nullptr) return TELTEL_REFUSED_FULL;
    Reservation reservation{writer.get()};
    std::forward<F>(fill)(*::new (room) T);
    return reservation.commit();
  }
  /// The same type with these tags on each event: teltel_with_tags.
  [[nodiscard]] Type with(teltel_tags tags) const noexcept { return Type(teltel_with_tags(type_, tags), status_); }
  /// Why the definition succeeded or not: teltel_define_desc's answer.
  [[nodiscard]] Status status() const noexcept { return status_; }
  [[nodiscard]] teltel_type get() const noexcept { return type_; }

 private:
  friend class Run;
  /// Cancels what an exception in the caller's function leaves open.
  struct Reservation {
    teltel_writer *writer;
    Status commit() noexcept { return teltel_commit(std::exchange(writer, nullptr)); }
    ~Reservation() { teltel_cancel(writer); }
  };
  Type(teltel_type type, Status status) noexcept : type_(type), status_(status) {}
  teltel_type type_{};
  Status status_ = TELTEL_ERROR_ENDED;
};

template <class T> Type<T> Run::define() const noexcept {
  using D = Describe<T>;
  static_assert(detail::well_formed(D::fields, sizeof(T)), "a field has no name, or names and array elements differ in number");
  static_assert(detail::comparable(D::fields), "a measured field is neither key nor input");
  constexpr std::size_t count = sizeof(D::fields) / sizeof(*D::fields);
  teltel_field fields[count];
  for (std::size_t i = 0; i < count; i++) fields[i] = detail::known(D::fields[i]);
  teltel_type type{};
  const Status status = teltel_define(run_, D::channel, D::name, fields, count, sizeof(T), &type);
  return Type<T>(type, status);
}

}  // namespace teltel

#endif
#endif
