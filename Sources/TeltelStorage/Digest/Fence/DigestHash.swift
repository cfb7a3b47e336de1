/// The two functions that digests are made of.
import CTeltelStorage

/// The hash functions of digests; the database has them as `intHash64` and `xxHash64`.
package enum DigestHash {
    package static func number(_ value: UInt64) -> UInt64 { teltel_digest_hash(value) }
    package static func text(_ bytes: [UInt8]) -> UInt64 {
        bytes.withUnsafeBytes { teltel_digest_text($0.baseAddress, $0.count) }
    }
}
