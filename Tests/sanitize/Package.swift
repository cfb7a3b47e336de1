// swift-tools-version: 6.2
// The library and its reader under a sanitizer. sanitize.py puts this file and links to the sources into build/sanitize; there
// CTeltel and CTeltelRings have no inline functions left, whose code Swift compiles without any checks.
import PackageDescription

let strict: [SwiftSetting] = [.swiftLanguageMode(.v6)]
let lock = "$s15Synchronization12_MutexHandleV"
let wrapped = ["mmap", "munmap", "mremap", "__tsan_memcpy", "\(lock)9_lockSlowyys6UInt32VF", "\(lock)11_unlockSlowyyF"]
let sight: [LinkerSetting] = [.unsafeFlags(wrapped.flatMap { ["-Xlinker", "--wrap=\($0)"] })]
/// A program of the tests in C or C++, with the whole library linked in.
func program(_ name: String) -> Target {
    .executableTarget(
        name: name, dependencies: ["CTeltel", "TeltelSDK"],
        linkerSettings: [.linkedLibrary("dispatch"), .linkedLibrary("BlocksRuntime")])  // the sanitizer's runtime asks for them
}

let package = Package(
    name: "teltel-sanitized",
    targets: [
        .target(name: "CTeltel", exclude: ["teltel.map"]),
        .target(name: "TeltelSDK", dependencies: ["CTeltel"], swiftSettings: strict),
        .target(
            name: "CTeltelJSON", cxxSettings: [.unsafeFlags(["-std=c++17"])], linkerSettings: [.linkedLibrary("simdjson")]),
        .target(name: "TeltelEvents", dependencies: ["CTeltel", "CTeltelJSON"], swiftSettings: strict),
        .target(name: "CTeltelRings"),
        .target(name: "TeltelRings", dependencies: ["CTeltel", "CTeltelRings", "TeltelEvents"], swiftSettings: strict),
        .target(name: "sight"),
        .executableTarget(
            name: "race", dependencies: ["CTeltel", "TeltelSDK", "TeltelEvents", "TeltelRings", "sight"],
            swiftSettings: strict, linkerSettings: sight),
        program("misuse"), program("overflow"), program("selection"), program("forks"), program("scenario"),
        program("scenario_cpp"),

        // Only built for the unit tests, whose helpers ask for them.
        .target(
            name: "CTeltelStorage",
            cSettings: [.unsafeFlags(["-std=gnu23", "--embed-dir=\(Context.packageDirectory)/../../../embedded-clickhouse"])],
            linkerSettings: [.linkedLibrary("zstd"), .linkedLibrary("curl")]),
        .target(
            name: "TeltelStorage",
            dependencies: ["CTeltel", "CTeltelStorage", "CTeltelRings", "CTeltelJSON", "TeltelEvents", "TeltelRings"],
            swiftSettings: strict),
        .target(
            name: "TeltelTestSupport", dependencies: ["TeltelEvents", "TeltelRings", "TeltelStorage"], swiftSettings: strict),
        .testTarget(name: "TeltelSDKTests", dependencies: ["TeltelSDK", "CTeltel"], swiftSettings: strict),
        .testTarget(
            name: "TeltelRingsTests", dependencies: ["TeltelRings", "TeltelSDK", "TeltelTestSupport"], swiftSettings: strict),
    ],
    cLanguageStandard: .gnu11, cxxLanguageStandard: .cxx17
)
