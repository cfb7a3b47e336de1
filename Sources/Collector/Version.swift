/// The collector's version; the library has its own number in teltel.h.
enum Version {
    static let text = "0.1.0"
}
