/// How values differ, and what a tolerance lets pass.
import Foundation
import TeltelAnalysis
import Testing

private func f64(_ value: Double) -> CellValue { .float64(bits: value.bitPattern) }
private func f32(_ value: Float) -> CellValue { .float32(bits: value.bitPattern) }
private let nan = CellValue.float64(bits: 0x7FF8_0000_0000_0000)
private let minusNaN = CellValue.float64(bits: 0xFFF8_0000_0000_0000)

struct ULPTests {
    static let pairs: [(Double, Double, UInt64)] = [
        (0.0, -0.0, 0), (5e-324, -5e-324, 2), (Double.greatestFiniteMagnitude, Double.infinity, 1), (1.0, 1.0.nextUp, 1),
        (-1.0, (-1.0).nextDown, 1), (-1.0, 1.0, 9_214_364_837_600_034_816), (0.0, 5e-324, 1),
        (-Double.infinity, Double.infinity, 18_437_736_874_454_810_624),
    ]
    @Test(arguments: pairs)
    func ofDoubles(_ a: Double, _ b: Double, _ distance: UInt64) {
        #expect(ULP.distance(f64(a), f64(b)) == distance)
        #expect(ULP.distance(f64(b), f64(a)) == distance)
    }

    @Test func ofFloatsAndOthers() {
        #expect(ULP.distance(f32(1), f32(Float(1).nextUp)) == 1)
        #expect(ULP.distance(f32(0), f32(-0)) == 0)
        #expect(ULP.distance(f32(1), f64(1)) == nil)
        #expect(ULP.distance(nan, f64(1)) == nil)
        #expect(ULP.distance(.integer(1), .integer(2)) == nil)
    }
}

struct ValueClassTests {
    static let cases: [(CellValue, CellValue, String)] = [
        (nan, nan, "same"), (nan, minusNaN, "nan-bits"), (nan, f64(1), "nan-vs-number"), (f64(0), f64(-0.0), "zero-sign"),
        (f64(.infinity), f64(-.infinity), "inf"), (f64(.infinity), f64(1), "inf"), (f64(2), f64(-2), "negated"),
        (f64(1), f64(1.0.nextUp), "ulp"), (f32(1), f32(3), "ulp"), (.null, f64(0), "null-vs-value"), (f32(1), f64(1), "type"),
        (.integer(1), .integer(2), "other"), (.text("a"), .text("b"), "other"), (.text("é"), .text("e\u{301}"), "other"),
        (.text("1"), .integer(1), "type"), (.bool(true), .bool(false), "other"), (.null, .null, "same"),
    ]
    @Test(arguments: cases)
    func hasOneName(_ a: CellValue, _ b: CellValue, _ name: String) {
        #expect(ValueClass(a, b).name == name)
        #expect(ValueClass(b, a).name == name)
    }

    @Test func distancesAreInThem() { #expect(ValueClass(f64(1), f64(1.0.nextUp)) == .ulp(1)) }
}

struct ToleranceTests {
    private func passes(
        _ a: CellValue, _ b: CellValue, absolute: Double = 0, relative: Double = 0, nominal: Double = 0, ulp: UInt64? = nil
    ) throws -> Bool {
        try Tolerance(absolute: absolute, relative: relative, nominal: nominal, ulp: ulp).passes(a, b)
    }

    @Test(arguments: [Double.nan, -1, .infinity, -.infinity, -5e-324])
    func boundsAreFiniteAndNotNegative(_ bound: Double) {
        #expect(throws: Tolerance.Fault.self) { try Tolerance(absolute: bound) }
        #expect(throws: Tolerance.Fault.self) { try Tolerance(relative: bound) }
        #expect(throws: Tolerance.Fault.self) { try Tolerance(nominal: bound) }
    }

    @Test func noBoundLetsNaNPassForANumber() throws {
        #expect(try !passes(f64(1), nan, absolute: 1e300, relative: 1e300, ulp: .max))
        #expect(try !passes(nan, f64(1), absolute: 1e300, relative: 1e300, ulp: .max))
        #expect(try !passes(f64(1), f64(.infinity), absolute: 1e300, ulp: .max))
        #expect(try !passes(.null, f64(0), absolute: 1))
        #expect(try passes(nan, minusNaN))
    }

    @Test func zerosAreEqual() throws { #expect(try passes(f64(0), f64(-0.0))) }

    @Test func nearZeroTheNominalCounts() throws {
        #expect(try !passes(f64(0), f64(1.3e-16), relative: 1e-6))
        #expect(try passes(f64(0), f64(1.3e-16), relative: 1e-6, nominal: 1))
        #expect(try !passes(f64(1e-20), f64(2e-20), relative: 1e-6))
    }

    @Test func smallBoundsAreUsedAsGiven() throws {
        #expect(try !passes(f64(0), f64(2e-300), absolute: 1e-300))
        #expect(try passes(f64(0), f64(1e-300), absolute: 1e-300))
    }

    @Test func theLargerBoundCountsAndNotTheirSum() throws {
        #expect(try passes(f64(10), f64(11), absolute: 0.5, relative: 0.1))
        #expect(try !passes(f64(10), f64(11.2), absolute: 0.5, relative: 0.1))
        // Of the reference, not of the other value.
        #expect(try !passes(f64(10), f64(20), relative: 0.9))
        #expect(try passes(f64(20), f64(10), relative: 0.9))
    }

    @Test func integersAreComparedExactly() throws {
        let large = Int64(1) << 60
        #expect(try passes(.integer(large), .integer(large + 5), absolute: 5))
        #expect(try !passes(.integer(large), .integer(large + 6), absolute: 5))
        #expect(try !passes(.integer(.min), .integer(.max), absolute: 1e18))
        #expect(try passes(.unsigned(.max), .unsigned(.max - 3), absolute: 3))
        #expect(try !passes(.text("a"), .text("b"), absolute: 1e300))
    }

    @Test func unitsInTheLastPlaceNeedOneSign() throws {
        #expect(try passes(f64(1), f64(1.0.nextUp.nextUp), ulp: 2))
        #expect(try !passes(f64(1), f64(1.0.nextUp.nextUp.nextUp), ulp: 2))
        #expect(try !passes(f64(5e-324), f64(-5e-324), ulp: 2))
    }

    @Test func modesAreNotMixed() throws {
        #expect(!FieldTest.bits.passes(f64(0), f64(-0.0)))
        #expect(FieldTest.ulp(0).passes(f64(0), f64(-0.0)))
        #expect(FieldTest.bits.passes(nan, nan) && !FieldTest.bits.passes(nan, minusNaN))
        #expect(!FieldTest.ulp(.max).passes(nan, minusNaN))
    }
}

struct FrameComparisonTests {
    private func row(_ isSecond: Bool, _ sequence: UInt64, _ values: Double...) -> StreamRow {
        StreamRow(isSecond: isSecond, frame: 7, sequence: sequence, values: values.map(f64))
    }
    private let fields = ["wheel", "torque"]

    @Test func rowsAreAMultiset() {
        let rows = [row(false, 1, 0, 5), row(false, 2, 0, 6), row(true, 1, 0, 6), row(true, 2, 0, 5)]
        #expect(FrameComparison(rows, fields: fields).isEqual)
    }

    @Test func countsMatter() {
        let twice = [row(false, 1, 0, 5), row(false, 2, 0, 5), row(true, 1, 0, 5)]
        #expect(FrameComparison(twice, fields: fields).onlyFirst == 1)
        #expect(FrameComparison(twice, fields: fields).pairs == 1)
    }

    @Test func valuesExchangedBetweenRowsAreFoundByKey() {
        let rows = [row(false, 1, 1, 5), row(false, 2, 2, 6), row(true, 1, 1, 6), row(true, 2, 2, 5)]
        let found = FrameComparison(rows, fields: fields, keys: [0])
        #expect(found.values.map(\.field) == ["torque", "torque"])
        #expect(found.values.map(\.key) == [[f64(1)], [f64(2)]])
        #expect(found.onlyFirst == 0 && found.onlySecond == 0)
    }

    @Test func ofSeveralPairsTheEmissionOfTheFirstRunOrders() {
        let rows = [row(false, 9, 1, 5), row(false, 3, 2, 6), row(true, 1, 1, 50), row(true, 2, 2, 60)]
        #expect(FrameComparison(rows, fields: fields, keys: [0]).values.map(\.order) == [3, 9])
    }

    @Test func whatIsIgnoredIsNotCompared() throws {
        let rows = [row(false, 1, 1, 5), row(true, 1, 1, 6)]
        #expect(FrameComparison(rows, fields: fields, rules: StreamRules(bits: 2, ignored: [1])).isEqual)
        let near = try StreamRules(
            try ComparisonRules(mode: nil, general: ComparisonRule(absolute: 1), file: nil), reference: "r", type: "t",
            fields: fields)
        #expect(FrameComparison(rows, fields: fields, rules: near).isEqual)
    }
}
