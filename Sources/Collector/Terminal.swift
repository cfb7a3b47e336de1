/// Lines for people: facts go to standard output, at once also when it is a file or a pipe; problems to standard error.
import Foundation

enum Terminal {
    static func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
    static func complain(_ line: String) { FileHandle.standardError.write(Data(("teltel: " + line + "\n").utf8)) }
}
