/// Cuts off a client that takes nothing of what it is sent. Stays for the whole connection, WebSocket or not: whoever
/// writes to such a client waits for ever, and with it whatever would notice.
import NIOCore

/// Runs on its channel's event loop alone.
package final class StallGuard: ChannelInboundHandler {
    package typealias InboundIn = ByteBuffer

    private let patience: TimeAmount
    private let counters: PortCounters
    private var context: ChannelHandlerContext?
    /// Since when nothing more fits; nil: the client takes what it gets.
    private var stalledSince: NIODeadline?
    private var isWatched = false

    package init(patience: TimeAmount, counters: PortCounters) {
        self.patience = patience
        self.counters = counters
    }

    package func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    package func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    /// Fast streams change this thousands of times a second: the timer is left alone while it runs.
    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        stalledSince = context.channel.isWritable ? nil : .now()
        watch()
        context.fireChannelWritabilityChanged()
    }

    private func watch() {
        guard let context, let stalledSince, !isWatched else { return }
        isWatched = true
        context.eventLoop.assumeIsolated().scheduleTask(deadline: stalledSince + patience) { [weak self] in self?.look() }
    }

    private func look() {
        isWatched = false
        guard let context, let stalledSince else { return }
        guard stalledSince + patience <= .now() else { return watch() }
        counters.refused(.timeout)
        context.close(promise: nil)
    }
}
