// swift-tools-version: 6.2
import PackageDescription

// The library product `TeltelSDK` depends on nothing: who adds this package resolves none of the packages below. They are the
// collector's, and lie behind the trait `Collector`: `make build` here, or `swift build --traits Collector`.
let collector: TargetDependencyCondition? = .when(traits: ["Collector"])

let embedded: [SwiftSetting] = [
    .enableExperimentalFeature("Embedded"),
    .unsafeFlags(["-wmo", "-O", "-Xcc", "-fvisibility=hidden"]),
]
let libraryLinking: [LinkerSetting] = [
    .unsafeFlags([
        "-Xlinker", "--version-script=\(Context.packageDirectory)/Sources/CTeltel/teltel.map",
        "-Xlinker", "-soname=libteltel.so.0", "-Xlinker", "-z", "-Xlinker", "nodelete",
    ])
]
let strict: [SwiftSetting] = [.swiftLanguageMode(.v6)]

let package = Package(
    name: "teltel",
    products: [
        .library(name: "TeltelSDK", targets: ["TeltelSDK"]),
        .library(name: "TeltelEmbedded", type: .dynamic, targets: ["TeltelEmbedded"]),
        .library(name: "TeltelEmbeddedStatic", type: .static, targets: ["TeltelEmbedded"]),
        .executable(name: "teltel", targets: ["Collector"]),
    ],
    traits: [
        .trait(name: "Collector", description: "Builds the collector and resolves its dependencies.")
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    ],
    targets: [
        // The ring ABI and what Swift cannot say itself.
        .target(name: "CTeltel", exclude: ["teltel.map"]),
        // The writer, twice from the same files: Sources/TeltelEmbedded is a symbolic link to Sources/TeltelSDK.
        .target(name: "TeltelSDK", dependencies: ["CTeltel"], swiftSettings: strict),
        .target(
            name: "TeltelEmbedded", dependencies: ["CTeltel"], swiftSettings: embedded + strict, linkerSettings: libraryLinking),

        // The collector's libraries, cut where dependencies change.
        .target(name: "TeltelEvents", dependencies: ["CTeltel", "CTeltelJSON"], swiftSettings: strict),
        .target(name: "CTeltelRings"),
        .target(name: "CTeltelPort"),
        .target(name: "TeltelRings", dependencies: ["CTeltel", "CTeltelRings", "TeltelEvents"], swiftSettings: strict),
        .target(
            name: "CTeltelStorage",
            cSettings: [.unsafeFlags(["-std=gnu23", "--embed-dir=\(Context.packageDirectory)/embedded-clickhouse"])],
            linkerSettings: [.linkedLibrary("zstd"), .linkedLibrary("curl")]),
        .target(
            name: "TeltelStorage",
            dependencies: ["CTeltel", "CTeltelStorage", "CTeltelRings", "CTeltelJSON", "TeltelEvents", "TeltelRings"],
            swiftSettings: strict),
        .target(name: "TeltelAnalysis", dependencies: ["TeltelEvents"], swiftSettings: strict),
        .target(
            name: "TeltelControl",
            dependencies: ["TeltelEvents", .product(name: "GRDB", package: "GRDB.swift", condition: collector)],
            swiftSettings: strict),
        .target(
            name: "CTeltelJSON", cxxSettings: [.unsafeFlags(["-std=c++17"])], linkerSettings: [.linkedLibrary("simdjson")]),
        .target(name: "CTeltelCompression", linkerSettings: [.linkedLibrary("z"), .linkedLibrary("zstd")]),
        .target(
            name: "CTeltelUI",
            cSettings: [
                .unsafeFlags(["-std=gnu23", "--embed-dir=\(Context.packageDirectory)/build/web"]),
                .define("TELTEL_COLLECTOR", .when(traits: ["Collector"])),
            ]),
        // Where events are handed on, and kept for a while.
        .target(
            name: "TeltelBus",
            dependencies: ["TeltelEvents", .product(name: "HeapModule", package: "swift-collections", condition: collector)],
            swiftSettings: strict),
        // What is known of each run, from what comes and from what was kept.
        .target(
            name: "TeltelRuns", dependencies: ["TeltelEvents", "TeltelRings", "TeltelControl", "TeltelIngest"],
            swiftSettings: strict),
        // Keeping books on runs: what is written of them, where it is found again, and what is removed.
        .target(
            name: "TeltelBooks",
            dependencies: [
                "CTeltelRings", "TeltelEvents", "TeltelRings", "TeltelBus", "TeltelStorage", "TeltelAnalysis", "TeltelQuery",
                "TeltelControl", "TeltelIngest", "TeltelRuns",
                .product(name: "NIOPosix", package: "swift-nio", condition: collector),
                .product(name: "Logging", package: "swift-log", condition: collector),
            ],
            swiftSettings: strict),
        // Streams of events to clients, whatever carries them.
        .target(
            name: "TeltelLive",
            dependencies: [
                "CTeltel", "CTeltelRings", "TeltelEvents", "TeltelBus",
                .product(name: "NIOCore", package: "swift-nio", condition: collector),
            ],
            swiftSettings: strict),
        // NDJSON into the collector's own rings.
        .target(
            name: "TeltelIngest",
            dependencies: [
                "TeltelSDK", "TeltelEvents", "TeltelControl", "CTeltelRings", "CTeltelJSON", "CTeltelCompression",
                .product(name: "NIOCore", package: "swift-nio", condition: collector),
                .product(name: "Logging", package: "swift-log", condition: collector),
            ],
            swiftSettings: strict),
        // Asking ClickHouse, within limits.
        .target(
            name: "TeltelQuery", dependencies: ["TeltelAnalysis", "TeltelEvents", "TeltelStorage"], swiftSettings: strict),
        // Questions that take several queries and rules of their own.
        .target(
            name: "TeltelAnswers", dependencies: ["TeltelAPI", "TeltelAnalysis", "TeltelControl", "TeltelEvents", "TeltelQuery"],
            swiftSettings: strict),
        // What NIO leaves to be done for a WebSocket.
        .target(
            name: "TeltelWebSocket",
            dependencies: [
                .product(name: "NIOCore", package: "swift-nio", condition: collector),
                .product(name: "NIOHTTP1", package: "swift-nio", condition: collector),
                .product(name: "NIOWebSocket", package: "swift-nio", condition: collector),
            ],
            swiftSettings: strict),
        // What is asked of a collector and answered, for both sides.
        .target(name: "TeltelAPI", dependencies: ["TeltelEvents", "TeltelControl"], swiftSettings: strict),
        // Endpoints as values, errors, parameters.
        .target(
            name: "TeltelHTTP",
            dependencies: [
                "CTeltelPort", "TeltelAPI",
                .product(name: "Hummingbird", package: "hummingbird", condition: collector),
                .product(name: "HummingbirdCore", package: "hummingbird", condition: collector),
                .product(name: "NIOCore", package: "swift-nio", condition: collector),
                .product(name: "NIOHTTP1", package: "swift-nio", condition: collector),
            ],
            swiftSettings: strict),
        // Posts of a few lines, answered on the event loop that they come on.
        .target(
            name: "TeltelIngestHTTP",
            dependencies: [
                "TeltelHTTP", "TeltelIngest",
                .product(name: "HummingbirdCore", package: "hummingbird", condition: collector),
                .product(name: "NIOCore", package: "swift-nio", condition: collector),
                .product(name: "NIOHTTP1", package: "swift-nio", condition: collector),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras", condition: collector),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "Collector",
            dependencies: [
                "TeltelAPI", "TeltelIngestHTTP",
                "TeltelAnswers", "TeltelBooks", "TeltelBus", "TeltelLive", "TeltelIngest", "TeltelRuns", "TeltelQuery",
                "TeltelWebSocket",
                "TeltelHTTP",
                "TeltelSDK", "CTeltelRings", "TeltelEvents", "TeltelRings", "TeltelStorage", "TeltelAnalysis", "TeltelControl",
                "CTeltelJSON", "CTeltelCompression", "CTeltelPort", "CTeltelUI",
                .product(name: "Hummingbird", package: "hummingbird", condition: collector),
                .product(name: "HummingbirdCore", package: "hummingbird", condition: collector),
                .product(name: "NIOCore", package: "swift-nio", condition: collector),
                .product(name: "NIOPosix", package: "swift-nio", condition: collector),
                .product(name: "NIOHTTP1", package: "swift-nio", condition: collector),
                .product(name: "NIOWebSocket", package: "swift-nio", condition: collector),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras", condition: collector),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras", condition: collector),
                .product(name: "ArgumentParser", package: "swift-argument-parser", condition: collector),
                .product(name: "Logging", package: "swift-log", condition: collector),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle", condition: collector),
            ],
            swiftSettings: strict),

        .target(
            name: "TeltelTestSupport", dependencies: ["TeltelEvents", "TeltelRings", "TeltelStorage"], swiftSettings: strict),
        .testTarget(name: "TeltelSDKTests", dependencies: ["TeltelSDK", "CTeltel"], swiftSettings: strict),
        .testTarget(
            name: "TeltelRingsTests", dependencies: ["TeltelRings", "TeltelSDK", "TeltelTestSupport"], swiftSettings: strict),
        .testTarget(
            name: "TeltelStorageTests",
            dependencies: [
                "TeltelStorage", "TeltelAnalysis", "TeltelTestSupport", "TeltelEvents", "CTeltel", "CTeltelStorage",
                "CTeltelJSON",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "TeltelBusTests", dependencies: ["TeltelBus", "TeltelEvents", "TeltelTestSupport"], swiftSettings: strict),
        .testTarget(
            name: "TeltelRunsTests",
            dependencies: ["TeltelRuns", "TeltelControl", "TeltelEvents", "TeltelRings", "TeltelTestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "TeltelLiveTests",
            dependencies: [
                "TeltelLive", "TeltelBus", "TeltelEvents", "CTeltel",
                .product(name: "NIOCore", package: "swift-nio", condition: collector),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "TeltelIngestTests",
            dependencies: [
                "TeltelIngest", "TeltelEvents", "TeltelRings",
                .product(name: "NIOCore", package: "swift-nio", condition: collector),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "TeltelHTTPTests",
            dependencies: [
                "TeltelHTTP", .product(name: "Hummingbird", package: "hummingbird", condition: collector),
                .product(name: "NIOHTTP1", package: "swift-nio", condition: collector),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "TeltelIngestHTTPTests",
            dependencies: [
                "TeltelIngestHTTP", "TeltelHTTP", "TeltelIngest",
                .product(name: "NIOCore", package: "swift-nio", condition: collector),
                .product(name: "NIOEmbedded", package: "swift-nio", condition: collector),
                .product(name: "NIOHTTP1", package: "swift-nio", condition: collector),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras", condition: collector),
            ],
            swiftSettings: strict),
        .testTarget(name: "TeltelAPITests", dependencies: ["TeltelAPI", "TeltelEvents"], swiftSettings: strict),
        .testTarget(
            name: "TeltelBooksTests",
            dependencies: ["TeltelBooks", "TeltelRuns", "TeltelControl", "TeltelStorage", "TeltelEvents"], swiftSettings: strict),
        .testTarget(name: "TeltelQueryTests", dependencies: ["TeltelQuery", "TeltelAnalysis"], swiftSettings: strict),
        .testTarget(
            name: "TeltelControlTests",
            dependencies: [
                "TeltelControl", "TeltelEvents", .product(name: "GRDB", package: "GRDB.swift", condition: collector),
            ],
            swiftSettings: strict),
        .testTarget(name: "TeltelAnalysisTests", dependencies: ["TeltelAnalysis", "TeltelEvents"], swiftSettings: strict),
    ]
)
