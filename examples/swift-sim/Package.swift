// swift-tools-version: 6.2
import PackageDescription

// No trait of teltel is enabled: the SDK depends on nothing, and nothing else is resolved.
let package = Package(
    name: "swift-sim",
    dependencies: [.package(name: "teltel", path: "../..")],
    targets: [
        .executableTarget(name: "swift-sim", dependencies: [.product(name: "TeltelSDK", package: "teltel")])
    ]
)
