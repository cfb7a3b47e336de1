/// Cuts off a client that takes nothing of what it is sent. Stays for the whole connection, WebSocket or not: whoever
/// writes to such a client waits for ever, and with it whatever would notice.
import NIOCore

/// Runs on its channel's event loop alone.
final class StallGuard: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let patience: TimeAmount
    private let counters: PortCounters
    private var timer: Scheduled<Void>?

    init(patience: TimeAmount, counters: PortCounters) {
        self.patience = patience
        self.counters = counters
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
        if !context.channel.isWritable {
            timer = context.eventLoop.assumeIsolated().scheduleTask(in: patience) {
                self.counters.refused(.timeout)
                context.close(promise: nil)
            }
        }
        context.fireChannelWritabilityChanged()
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }
}
