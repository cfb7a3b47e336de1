/// Dictionaries by name, as JSON that keeps all of them.
import TeltelEvents

/// Foundation's JSON keeps objects in dictionaries by `String`, to which different names may be the same: of two tags one would be lost.
/// So these are lists, `[key, value, key, value]`. Records that an earlier version saved have objects.
@propertyWrapper
package struct ByName<Value: Codable & Sendable & Equatable>: Sendable, Equatable {
    package var wrappedValue: [Name: Value]
    package init(wrappedValue: [Name: Value]) { self.wrappedValue = wrappedValue }
}

extension ByName: Codable {
    package init(from decoder: any Decoder) throws {
        guard var list = try? decoder.unkeyedContainer() else {
            wrappedValue = try [Name: Value](from: decoder)
            return
        }
        wrappedValue = [:]
        while !list.isAtEnd {
            let key = try list.decode(Name.self)
            wrappedValue[key] = .some(try list.decode(Value.self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var list = encoder.unkeyedContainer()
        for (key, value) in wrappedValue.sorted(by: { $0.key < $1.key }) {
            try list.encode(key)
            try list.encode(value)
        }
    }
}

extension KeyedDecodingContainer {
    /// Not there in a record that an earlier version saved: there are none.
    func decode<Value>(_: ByName<Value>.Type, forKey key: Key) throws -> ByName<Value> {
        try decodeIfPresent(ByName<Value>.self, forKey: key) ?? ByName(wrappedValue: [:])
    }
}
