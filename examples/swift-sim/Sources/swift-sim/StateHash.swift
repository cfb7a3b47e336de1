// A hash over the raw bits of every computed value (FNV-1a): equal hashes mean equal runs, to the last bit.
struct StateHash {
    private(set) var value: UInt64 = 14_695_981_039_346_656_037

    mutating func add(_ number: Double) { add(number.bitPattern) }
    mutating func add(_ bits: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) { value = (value ^ (bits >> shift & 0xFF)) &* 1_099_511_628_211 }
    }
    mutating func add(_ state: PendulumState) {
        add(UInt64(bitPattern: state.pendulum))
        for number in [state.upperAngle, state.upperSpeed, state.lowerAngle, state.lowerSpeed, state.energy] { add(number) }
    }
    var text: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
