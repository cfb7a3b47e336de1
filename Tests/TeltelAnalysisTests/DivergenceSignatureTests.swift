/// In what way a value parts from its reference.
import Foundation
import TeltelAnalysis
import Testing

struct DivergenceSignatureTests {
    private typealias Sample = DivergenceSignature.Sample

    /// Ten equal frames, then sixty of the second run's own.
    private func samples(_ reference: (Int) -> Double = { sin(Double($0) * 0.1) + 2 }, _ other: (Int, Double) -> Double)
        -> [Sample]
    {
        (0..<70).map { frame in
            let value = reference(frame)
            return Sample(UInt64(frame), value, frame < 10 ? value : other(frame, value))
        }
    }
    private func of(_ samples: [Sample]) -> DivergenceSignature? { DivergenceSignature.of(samples) }

    @Test func nothingDiffers() { #expect(of(samples { $1 }) == nil) }

    @Test func nanIsBorn() { #expect(of(samples { $0 < 40 ? .nan : $1 })?.kind == .nanBorn) }

    @Test func theSignIsTurned() { #expect(of(samples { -$1 }) == .init(.negation, value: -1)) }

    static let factors: [(Double, String?)] = [
        (.pi / 180, "π/180"), (0.3048, "ft to m"), (1_000, "1000"), (9.80665, "standard gravity"), (1.7, nil), (0.5, "1/2"),
    ]
    @Test(arguments: factors)
    func aFactorHasAName(_ factor: Double, _ name: String?) {
        let found = of(samples { $1 * factor })
        #expect(found?.kind == .constantFactor && found?.name == name)
        #expect(abs((found?.value ?? 0) / factor - 1) < 1e-12)
        // Of floats, too.
        #expect(of(samples { Double(Float($1 * factor)) })?.kind == .constantFactor)
    }

    @Test func anOffset() {
        let found = of(samples { $1 + 0.25 })
        #expect(found?.kind == .constantOffset && abs((found?.value ?? 0) - 0.25) < 1e-9)
    }

    @Test func aFrameLate() {
        let reference: (Int) -> Double = { sin(Double($0) * 0.7) * Double($0 + 1) }
        #expect(of(samples(reference) { frame, _ in reference(frame - 1) }) == .init(.framesLate, value: 1))
        #expect(of(samples(reference) { frame, _ in reference(frame + 2) }) == .init(.framesLate, value: -2))
    }

    @Test func itStaysWhereItWas() {
        #expect(of(samples({ sin(Double($0)) + Double($0 * $0) }) { _, _ in sin(9.0) + 81 })?.kind == .frozen)
    }

    @Test func roundingGrowsInChaos() {
        // The logistic map, a unit in the last place apart at frame 10.
        var (a, b) = (0.3, 0.3)
        let samples = (0..<80).map { frame -> Sample in
            if frame == 10 { b = b.nextUp }
            defer { (a, b) = (3.9 * a * (1 - a), 3.9 * b * (1 - b)) }
            return Sample(UInt64(frame), a, b)
        }
        let found = of(samples)
        // Its Lyapunov exponent is about 0.5.
        #expect(found?.kind == .roundingGrows && abs(log(found?.value ?? 1) - 0.5) < 0.15, "\(String(describing: found))")
        #expect(found?.text.contains("doubles in 1.") == true)
    }

    @Test func roundingThatStaysSmall() {
        #expect(of(samples { frame, value in frame % 2 == 0 ? value.nextUp : value })?.kind == .rounding)
    }

    @Test func fewFrames() {
        #expect(of(samples { frame, value in frame == 12 ? value + 1 : value }) == .init(.transient, value: 1))
    }

    @Test func aJump() {
        let found = of(samples { frame, value in value + 1 + Double(frame) * 0.1 + sin(Double(frame)) })
        #expect(found?.kind == .jump)
    }
}

struct KeyPermutationTests {
    private func rows(_ rows: [(UInt64, UInt64)]) -> [[CellValue]: [CellValue]] {
        Dictionary(uniqueKeysWithValues: rows.map { ([.unsigned($0.0)], [.unsigned($0.1)]) })
    }

    @Test func keysAreExchanged() {
        let map = KeyPermutation.of(rows([(1, 10), (2, 20), (3, 30)]), rows([(1, 20), (2, 30), (3, 10)]))
        #expect(map?.map { $0.from } == [[.unsigned(1)], [.unsigned(2)], [.unsigned(3)]])
        #expect(map?.map { $0.to } == [[.unsigned(3)], [.unsigned(1)], [.unsigned(2)]])
    }

    @Test func nothingIsGuessed() {
        // Two wheels are alike.
        #expect(KeyPermutation.of(rows([(1, 10), (2, 10), (3, 30)]), rows([(1, 30), (2, 10), (3, 10)])) == nil)
        #expect(KeyPermutation.of(rows([(1, 10), (2, 20)]), rows([(1, 10), (2, 20)])) == nil)
        #expect(KeyPermutation.of(rows([(1, 10), (2, 20)]), rows([(1, 10), (2, 21)])) == nil)
    }
}
