/// Names, columns and statements: pure functions.
import TeltelEvents
import TeltelStorage
import Testing

struct TableSchemaTests {
    @Test func tableNamesNeverChange() {
        // Rows of earlier versions lie in tables with these names.
        #expect(TableKey(channel: "body", type: "body.state").tableName == "events_body_body_state_be215cfa63f2534c")
        #expect(TableKey(channel: "", type: "").tableName == "events___af63bd4c8601b7df")
    }

    @Test func tableNamesAreSafeAndDistinct() {
        let keys = [
            ("a", "b"), ("a_", "b"), ("a", "_b"), ("A", "b"), ("a.b", ""), ("é`'", "; DROP"),
            (String(repeating: "x", count: 255), "y"),
        ]
        let names = keys.map { TableKey(channel: Name($0.0), type: Name($0.1)).tableName }
        #expect(Set(names).count == names.count)
        #expect(
            names.allSatisfy { $0.utf8.count <= 64 && $0.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") } })
    }

    @Test func namesAndTextsAreQuoted() {
        #expect(SQLText.name("a`b\\c'd\0") == "`a\\`b\\\\c'd\\0`")
        #expect(SQLText.literal("a`b\\c'd") == "'a`b\\\\c\\'d'")
    }

    @Test func columnNamesAreTakenApart() {
        func parts(_ name: String) -> [String]? {
            PayloadColumnName(name).map {
                [$0.path, $0.element.map(String.init) ?? "", $0.isArray ? "array" : "", $0.kind?.name ?? ""]
            }
        }
        #expect(parts("payload.pos/x") == ["pos.x", "", "", ""])
        #expect(parts("payload.gear[12]:i64") == ["gear", "12", "", "i64"])
        #expect(parts("payload.gear[12]:i64:2") == ["gear", "12", "", "i64"])
        #expect(parts("payload/a/b:f32") == ["a.b", "", "array", "f32"])
        #expect(parts("payload.x:other") == ["x:other", "", "", ""])
        #expect(parts("payload.train%2Floss:f64") == ["train/loss", "", "", "f64"])
        #expect(parts("payload.") == ["", "", "", ""])
        #expect(parts("rest") == nil)
        // Of earlier collectors.
        #expect(parts("payload.pos.x") == ["pos.x", "", "", ""])
        #expect(parts("payload.a.b[2]:i32") == ["a.b", "2", "", "i32"])
    }

    /// Paths of anything that has a meaning in names.
    private static let paths: [String] = {
        let parts = [
            "", "a", ".", "/", ":", "%", "[0]", "[01]", "]", "2F", "f64", ":i32", ":i32:2", "\n", "\u{7F}", "é", "`", "'",
        ]
        return parts.flatMap { first in parts.flatMap { second in parts.map { first + second + $0 } } }
    }()

    @Test func everyPathHasANameOfItsOwn() throws {
        var paths: [[UInt8]: [UInt8]] = [:]
        for path in Self.paths {
            for (name, isArray) in [(PayloadColumnName.scalar(path), false), (PayloadColumnName.array(path), true)] {
                let bytes = Array(name.utf8)
                let known = paths.updateValue(Array(path.utf8), forKey: bytes)
                #expect(known == nil || known == Array(path.utf8), "\(path) and another are both \(name)")
                // ClickHouse would take it for a member of a nested table.
                #expect(bytes.dropFirst(8).contains(UInt8(ascii: ".")) == false, "\(name)")
                #expect(bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "\(name)")
                for candidate in try #require(PayloadColumnName(name)).candidates(.i64) {
                    let parts = try #require(PayloadColumnName(candidate))
                    #expect(Array(parts.fullPath.utf8) == Array(path.utf8), "\(path) became \(candidate)")
                    #expect(parts.isArray == isArray)
                    #expect(parts.kind == (candidate == name ? nil : .i64))
                }
            }
        }
    }

    @Test func arraysBecomeElementsOrOneColumn() {
        let columns = PayloadColumns([
            Field(name: "a.b", kind: .i16, offset: 4, count: 2), Field(name: "c.d", kind: .f32, offset: 8, count: 17),
        ]).columns
        #expect(
            columns.map(\.layout) == [
                ColumnLayout("payload.a/b[0]", "Int16"), ColumnLayout("payload.a/b[1]", "Int16"),
                ColumnLayout("payload/c/d", "Array(Float32)"),
            ])
        #expect(columns.map(\.offset) == [4, 6, 8])
    }

    private static let key = TableKey(channel: "c", type: "t")
    private static func layout(_ columns: [ColumnLayout], isDefined: Bool = true) -> TableLayout {
        TableLayout(name: key.tableName, key: key, columns: TableLayout.identity + columns, isDefined: isDefined)
    }
    private static func table(_ columns: [ColumnLayout]) -> TableDescription {
        TableDescription(name: key.tableName, key: key, columns: TableLayout.identity + columns)
    }

    @Test func theFirstDefinitionNeedsNoNull() throws {
        let x = ColumnLayout("payload.x", "Float64")
        let plan = try TablePlan(Self.layout([x]), in: Self.table([]), isNew: true)
        #expect(plan.additions == [x])
        #expect(plan.targets.map(\.target) == TableLayout.identity.map(\.name) + ["payload.x"])
        let later = try TablePlan(Self.layout([x]), in: Self.table([]), isNew: false)
        #expect(later.additions == [ColumnLayout("payload.x", "Nullable(Float64)")])
    }

    @Test func aColumnThatIsMissingInRowsCanHoldNull() throws {
        let table = Self.table([ColumnLayout("payload.x", "Float64"), ColumnLayout("payload/a", "Array(UInt8)")])
        let plan = try TablePlan(Self.layout([]), in: table, isNew: false)
        #expect(plan.madeNullable == [ColumnLayout("payload.x", "Nullable(Float64)")])
        let json = try TablePlan(
            Self.layout([ColumnLayout("payload.x", "Nullable(Float64)")], isDefined: false), in: table, isNew: false)
        #expect(json.madeNullable == plan.madeNullable)
    }

    @Test func anotherKindGetsAColumnOfItsOwn() throws {
        let wanted = Self.layout([ColumnLayout("payload.x", "Int64")])
        let before = try TablePlan(wanted, in: Self.table([ColumnLayout("payload.x", "Nullable(Float64)")]), isNew: false)
        #expect(before.additions == [ColumnLayout("payload.x:i64", "Nullable(Int64)")])
        #expect(before.targets.last.map { [$0.source, $0.target] } == ["payload.x", "payload.x:i64"])
        let table = Self.table([ColumnLayout("payload.x", "Nullable(Float64)"), ColumnLayout("payload.x:i64", "Nullable(Int64)")])
        #expect(try TablePlan(wanted, in: table, isNew: false).isReady)
    }

    @Test func valuesOfOnePathStayInTheColumnThatEarlierCollectorsMade() throws {
        let table = Self.table([
            ColumnLayout("payload.pos.x", "Nullable(Float64)"), ColumnLayout("payload.pos.x:i64", "Nullable(Int64)"),
        ])
        for (type, target) in [("Float64", "payload.pos.x"), ("Int64", "payload.pos.x:i64")] {
            let plan = try TablePlan(Self.layout([ColumnLayout("payload.pos/x", type)]), in: table, isNew: false)
            #expect(plan.isReady)
            #expect(plan.targets.last.map { [$0.source, $0.target] } == ["payload.pos/x", target])
        }
        // What waits in the spool since then.
        let old = try TablePlan(Self.layout([ColumnLayout("payload.pos.x", "Float64")]), in: Self.table([]), isNew: false)
        #expect(old.additions == [ColumnLayout("payload.pos/x", "Nullable(Float64)")])
    }

    @Test func aNameBeforeADotOfAnotherIsNotUsed() throws {
        let table = Self.table([ColumnLayout("payload.motor.state.now", "Nullable(Float64)")])
        for path in ["motor", "motor.state"] {
            let layout = Self.layout([ColumnLayout(PayloadColumnName.scalar(path), "Float64")])
            let plan = try TablePlan(layout, in: table, isNew: false)
            let expected = path == "motor" ? "payload.motor:f64" : "payload.motor/state"
            #expect(plan.additions == [ColumnLayout(expected, "Nullable(Float64)")])
        }
    }

    @Test func aNameThatIsGivenNoColumnGivesWay() throws {
        let wanted = Self.layout([ColumnLayout("payload.x", "Float64")])
        var barred: Set<[UInt8]> = []
        for name in ["payload.x", "payload.x:f64", "payload.x:f64:2", "payload.x:f64:3"] {
            let plan = try TablePlan(wanted, in: Self.table([]), isNew: false, barred: barred)
            #expect(plan.additions == [ColumnLayout(name, "Nullable(Float64)")])
            barred.insert(Array(name.utf8))
        }
        let error = #expect(throws: ClickHouseError.self) {
            try TablePlan(wanted, in: Self.table([]), isNew: false, barred: barred)
        }
        #expect(error?.source == .withoutEffect)
        // Not again and again: nothing passes by itself.
        #expect(error?.advice == .stop)
    }

    @Test func placesInTheCatalogAreLimited() {
        let catalog = TableCatalog(limit: 2, known: [TableKey(channel: "a", type: "")])
        #expect(catalog.hasOwnTable(TableKey(channel: "b", type: "")))
        #expect(!catalog.hasOwnTable(TableKey(channel: "c", type: "")))
        #expect(catalog.hasOwnTable(TableKey(channel: "a", type: "")))
        catalog.note([TableKey(channel: "c", type: "")])
        #expect(catalog.hasOwnTable(TableKey(channel: "c", type: "")))
        #expect(catalog.keys.map(\.channel) == ["a", "b", "c"])
    }

    @Test func everyKnownCodeHasOneAdvice() {
        let sets = [ClickHouseCode.content, ClickHouseCode.waiting, ClickHouseCode.hopeless]
        #expect(sets.reduce(0) { $0 + $1.count } == sets.reduce(Set<Int>()) { $0.union($1) }.count)
        #expect(sets.allSatisfy { $0.allSatisfy { ClickHouseCode.names[$0] != nil } })
        #expect(ClickHouseCode.refusedBeforeWriting.allSatisfy { ClickHouseCode.names[$0] != nil })
        // Of each code that may pass it is known whether it is about the server; these are about a table.
        let passing = ClickHouseCode.names.keys.filter { [.retry, .wait].contains(ClickHouseCode.advice($0)) }
        #expect(Set(passing).subtracting(ClickHouseCode.ofServer) == [16, 47, 57, 497])
        #expect(ClickHouseCode.ofServer.isSubset(of: passing))
        #expect(ClickHouseCode.advice(252) == .retry)
        #expect(ClickHouseCode.advice(123_456) == .retry)
        #expect(ClickHouseError.parse("Code: 117. DB::Exception: x")?.advice == .split)
        #expect(ClickHouseError.parse("<html>") == nil)
        #expect(ClickHouseError(.interrupted, "").isAmbiguous)
        #expect(!ClickHouseError(.exception(252), "").isAmbiguous)
        #expect(ClickHouseError(.exception(159), "").isAmbiguous)
    }

    @Test func urlsAreTakenApart() throws {
        let full = try ClickHouseEndpoint(url: "http://me:s%40cret@db.example:9000/other?x=1")
        #expect([full.url, full.user, full.password, full.database] == ["http://db.example:9000/", "me", "s@cret", "other"])
        #expect(!full.description.contains("cret"))
        let short = try ClickHouseEndpoint(url: "https://db")
        #expect([short.url, short.user, short.database] == ["https://db:8443/", "", "teltel"])
        for bad in ["db:8123", "ftp://db", "", "http://"] {
            #expect(throws: ClickHouseError.self) { try ClickHouseEndpoint(url: bad) }
        }
    }
}
