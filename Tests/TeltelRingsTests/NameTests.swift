import Foundation
import TeltelEvents
import Testing

@Suite struct NameTests {
    /// Each pair is one text to Unicode and two to everybody else.
    static let pairs = [("R_\u{3A9}", "R_\u{2126}"), ("e\u{301}", "\u{E9}"), ("K", "\u{212A}"), ("`", "\u{1FEF}")]

    @Test(arguments: pairs) func sameTextsOfOtherBytesAreTwoNames(_ pair: (String, String)) {
        let (a, b) = (Name(pair.0), Name(pair.1))
        #expect(pair.0 == pair.1)
        #expect(a != b)
        #expect(Set([a, b]).count == 2)
        #expect((a < b) == pair.0.utf8.lexicographicallyPrecedes(pair.1.utf8))
        #expect([a: 1, b: 2][Name(pair.1)] == 2)
    }

    @Test func orderIsThatOfTheBytes() {
        let names: [Name] = ["", "a", "a\u{0}", "aa", "b", "\u{E9}", "\u{FFFF}", "\u{10000}"]
        #expect(names.shuffled().sorted() == names)
        #expect(!(Name("a") < Name("a")))
    }

    @Test func aSeparatorWithAnAccentSeparates() {
        #expect(Name("a.\u{301}b.c").split(at: ".") == ["a", "\u{301}b", "c"])
        #expect(Name(".a..b").split(at: ".") == ["a", "b"])
        #expect(Name(".a..b").split(at: ".", keepsEmpty: true) == ["", "a", "", "b"])
        #expect(Name("a.\u{301}b").hasPrefix("a."))
        #expect(!Name("\u{E9}").hasPrefix("e"))
    }

    @Test func aNumberFitsBehindAnyName() {
        #expect(Name("run").numbered(2) == "run~2")
        #expect(Name(String(repeating: "x", count: 255)).numbered(10) == Name(String(repeating: "x", count: 252) + "~10"))
        // Never in the middle of a character.
        #expect(Name(String(repeating: "é", count: 127)).numbered(2) == Name(String(repeating: "é", count: 126) + "~2"))
    }

    @Test func asKeysOfADictionaryTheyMakeAnObject() throws {
        let text = try JSONEncoder().encode(["a" as Name: "b" as Name])
        #expect(String(decoding: text, as: UTF8.self) == #"{"a":"b"}"#)
        #expect(try JSONDecoder().decode([Name: Name?].self, from: Data(#"{"a":"b","c":null}"#.utf8)) == ["a": "b", "c": nil])
    }

    @Test func tagsOfAnEventAreAllThere() {
        let pairs = TagText.pairs(Array("{\"R_\u{3A9}\":\"1\",\"R_\u{2126}\":\"2\"}".utf8))
        #expect(pairs.map(\.key) == ["R_\u{3A9}", "R_\u{2126}"] && pairs.map(\.value) == ["1", "2"])
        for text in ["", "{}", "[]", "{\"a\":1}", "{", "null"] { #expect(TagText.pairs(Array(text.utf8)).isEmpty) }
    }
}
