// swift-tools-version: 6.2
// The collector's own targets under libFuzzer: what Sources/ holds of them are links, so that its normal build stays as it is.
import PackageDescription

let strict: [SwiftSetting] = [.swiftLanguageMode(.v6)]

func fuzzer(_ name: String) -> Target {
    .executableTarget(
        name: "fuzz_\(name)",
        dependencies: [
            "TeltelBus", "TeltelEvents", "TeltelLive", "TeltelWebSocket",
            .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOEmbedded", package: "swift-nio"),
            .product(name: "NIOWebSocket", package: "swift-nio"),
        ],
        swiftSettings: strict)
}

let package = Package(
    name: "teltel-fuzzers",
    // The versions of the collector itself.
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
    ],
    targets: [
        .target(name: "CTeltel", exclude: ["teltel.map"]),
        .target(
            name: "CTeltelJSON", cxxSettings: [.unsafeFlags(["-std=c++17"])], linkerSettings: [.linkedLibrary("simdjson")]),
        .target(name: "TeltelEvents", dependencies: ["CTeltel", "CTeltelJSON"], swiftSettings: strict),
        .target(
            name: "TeltelBus", dependencies: ["TeltelEvents", .product(name: "HeapModule", package: "swift-collections")],
            swiftSettings: strict),
        .target(
            name: "TeltelLive",
            dependencies: [
                "CTeltel", "CTeltelRings", "TeltelEvents", "TeltelBus", .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .target(
            name: "TeltelWebSocket",
            dependencies: [
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .target(name: "CTeltelRings"),
        .target(name: "TeltelRings", dependencies: ["CTeltel", "CTeltelRings", "TeltelEvents"], swiftSettings: strict),
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
        fuzzer("frame"), fuzzer("subscription"),
        .executableTarget(
            name: "fuzz_ring", dependencies: ["CTeltel", "TeltelEvents", "TeltelRings", "TeltelStorage", "TeltelTestSupport"],
            swiftSettings: strict),
    ]
)
