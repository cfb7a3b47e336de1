// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "scenario",
    dependencies: [.package(name: "teltel", path: "../../..")],
    targets: [
        .executableTarget(name: "scenario", dependencies: [.product(name: "TeltelSDK", package: "teltel")]),
        .executableTarget(name: "overflow", dependencies: [.product(name: "TeltelSDK", package: "teltel")]),
        .executableTarget(name: "allocations", dependencies: [.product(name: "TeltelSDK", package: "teltel")]),
    ]
)
