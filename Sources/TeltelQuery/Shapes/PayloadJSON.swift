/// A payload as part of an answer.
import TeltelEvents

/// The text is valid JSON. It loses insignificant whitespace, so that it stays on its line; `< > &` in texts are escaped, as everywhere;
/// an integer that no double tells from its neighbours becomes a text.
package enum PayloadJSON {
    package static func append(_ json: ArraySlice<UInt8>, to out: inout [UInt8]) {
        var at = json.startIndex
        while at < json.endIndex {
            switch json[at] {
            case UInt8(ascii: "\""): at = appendText(json, from: at, to: &out)
            case UInt8(ascii: "-"), 0x30...0x39: at = appendNumber(json, from: at, to: &out)
            case 0x20, 0x0A, 0x0D, 0x09: at += 1
            default:
                out.append(json[at])
                at += 1
            }
        }
    }

    /// Returns where it ends.
    private static func appendText(_ json: ArraySlice<UInt8>, from begin: Int, to out: inout [UInt8]) -> Int {
        out.append(json[begin])
        var at = begin + 1
        while at < json.endIndex {
            let byte = json[at]
            at += 1
            switch byte {
            case UInt8(ascii: "\""):
                out.append(byte)
                return at
            case UInt8(ascii: "\\"):
                out.append(byte)
                if at < json.endIndex { out.append(json[at]) }
                at += 1
            case 0x26: JSONText.append("\\u0026", to: &out)
            case 0x3C: JSONText.append("\\u003c", to: &out)
            case 0x3E: JSONText.append("\\u003e", to: &out)
            default: out.append(byte)
            }
        }
        return json.endIndex
    }

    private static func appendNumber(_ json: ArraySlice<UInt8>, from begin: Int, to out: inout [UInt8]) -> Int {
        let end =
            json[begin...].firstIndex { byte in
                switch byte {
                case 0x30...0x39, UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."), 0x45, 0x65: false
                default: true
                }
            } ?? json.endIndex
        let number = json[begin..<end]
        if isLong(number) { JSONText.appendString(number, to: &out) } else { out += number }
        return end
    }

    /// 2⁵³ has sixteen digits.
    private static func isLong(_ number: ArraySlice<UInt8>) -> Bool {
        let digits = number.first == UInt8(ascii: "-") ? number.dropFirst() : number
        guard digits.count >= 16, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return false }
        return digits.count > 16 || !digits.lexicographicallyPrecedes("9007199254740992".utf8)
    }
}
