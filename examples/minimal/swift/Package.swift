// swift-tools-version: 6.2
import PackageDescription

// No trait of teltel is enabled: the SDK depends on nothing, and nothing else is resolved.
let package = Package(
    name: "minimal",
    dependencies: [.package(name: "teltel", path: "../../..")],
    targets: [
        .executableTarget(name: "minimal", dependencies: [.product(name: "TeltelSDK", package: "teltel")])
    ]
)
