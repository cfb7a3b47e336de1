/// On the listening socket: not too many connections, and no end of listening because one could not be accepted.
import Foundation
import NIOCore

/// Runs on the server channel's event loop alone.
package final class AcceptGuard: ChannelInboundHandler {
    package typealias InboundIn = any Channel
    package typealias InboundOut = any Channel

    /// Until a descriptor or memory may have become free.
    private static let pause: TimeAmount = .milliseconds(100)
    private let limit: Int
    private let counters: PortCounters

    package init(limit: Int, counters: PortCounters) {
        self.limit = limit
        self.counters = counters
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let accepted = Self.unwrapInboundIn(data)
        guard counters.opens(most: limit) else { return accepted.close(promise: nil) }
        accepted.closeFuture.whenComplete { [counters] _ in counters.closed() }
        context.fireChannelRead(data)
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let code = (error as? IOError)?.errnoCode, [ECONNABORTED, EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(code) else {
            return context.fireErrorCaught(error)
        }
        counters.acceptFailed()
        if code == ECONNABORTED { return }
        // The connection is still waiting: without a pause the kernel would report it at once, over and over.
        let channel = context.channel
        channel.setOption(.autoRead, value: false).whenSuccess {
            channel.eventLoop.scheduleTask(in: Self.pause) { channel.setOption(.autoRead, value: true) }
        }
    }
}
