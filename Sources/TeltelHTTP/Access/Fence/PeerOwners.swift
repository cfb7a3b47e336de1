/// Which user's process is at the other end of a loopback connection.
import CTeltelPort
import Foundation
import NIOCore
import Synchronization

/// Asks the kernel once per connection. Thread-safe; the lock is held for one question: a few microseconds.
package final class PeerOwners: Sendable {
    private let diagnostics = Mutex(teltel_peer_socket())
    private let own = geteuid()

    package init() {}

    /// true: a connection from this machine that belongs neither to the collector's user nor to root (who may read the
    /// collector's memory anyway), or to nobody: closed already, or the kernel does not say.
    package func isOtherUser(_ channel: any Channel) -> Bool {
        guard let peer = channel.remoteAddress, peer.isLoopback else { return false }
        guard let local = channel.localAddress, let owner = owner(peer: peer, local: local) else { return true }
        return owner != own && owner != 0
    }

    private func owner(peer: SocketAddress, local: SocketAddress) -> uid_t? {
        // SAFETY: both addresses live in their closures, and the question keeps neither.
        peer.withSockAddr { peer, _ in
            local.withSockAddr { local, _ in
                diagnostics.withLock { socket in
                    var user: UInt32 = 0
                    return teltel_peer_owner(socket, peer, local, &user) == 0 ? uid_t(user) : nil
                }
            }
        }
    }
}

extension SocketAddress {
    /// 127.0.0.0/8, ::1, and the former written as IPv6.
    package var isLoopback: Bool {
        let bytes: [UInt8]
        switch self {
        case .v4(let address): bytes = withUnsafeBytes(of: address.address.sin_addr) { Array($0) }
        case .v6(let address): bytes = withUnsafeBytes(of: address.address.sin6_addr) { Array($0) }
        case .unixDomainSocket: return false
        }
        if bytes.count == 4 { return bytes[0] == 127 }
        let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
        return isMapped ? bytes[12] == 127 : bytes[..<15].allSatisfy { $0 == 0 } && bytes[15] == 1
    }
}
