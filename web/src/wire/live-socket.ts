// The stream of live events. Owns one WebSocket, opens it again after a loss, and repeats the last subscription then.

import { Signal } from "../base/signal";

export type SocketState = "closed" | "connecting" | "open" | "lost";

export interface Subscription {
  runId: string;
  sourceId?: string;
  types: string[];
  /** How many of the newest matching events the server sends first. */
  tail: number;
  notices: true;
}

const retryDelayMsMin = 250;
const retryDelayMsMax = 5000;

export class LiveSocket {
  readonly state = new Signal<SocketState>("closed");
  private socket: WebSocket | null = null;
  private subscription: Subscription | null = null;
  private retryTimer = 0;
  private retryDelayMs = retryDelayMsMin;
  private stopped = false;

  /**
   * @param onText each text frame as it came; called on the page's thread, so it has to be quick.
   * @param onSubscribe called right before a subscription is sent: from here on buffered events may come a second time.
   */
  constructor(
    private readonly onText: (text: string) => void,
    private readonly onSubscribe: () => void,
  ) {}

  /** Replaces the subscription. With no types the socket is closed: nothing is wanted. */
  subscribe(subscription: Subscription): void {
    this.subscription = subscription;
    if (subscription.types.length === 0) this.disconnect("closed");
    else if (this.socket?.readyState === WebSocket.OPEN) this.send();
    else if (!this.socket) this.connect();
  }

  close(): void {
    this.stopped = true;
    this.disconnect("closed");
  }

  private connect(): void {
    window.clearTimeout(this.retryTimer);
    if (this.stopped) return;
    this.state.value = this.state.value === "lost" ? "lost" : "connecting";
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/ws`);
    this.socket = socket;
    socket.addEventListener("open", () => {
      if (socket !== this.socket) {
        socket.close();
        return;
      }
      this.retryDelayMs = retryDelayMsMin;
      this.state.value = "open";
      this.send();
    });
    socket.addEventListener("message", (message) => {
      if (socket === this.socket && typeof message.data === "string") this.onText(message.data);
    });
    socket.addEventListener("close", () => {
      if (socket === this.socket) this.retryLater();
    });
  }

  private retryLater(): void {
    this.socket = null;
    if (this.stopped) return;
    this.state.value = "lost";
    // Jitter: after a restart of the collector not all open pages come back in the same instant.
    const delay = this.retryDelayMs * (0.75 + Math.random() / 2);
    this.retryDelayMs = Math.min(retryDelayMsMax, this.retryDelayMs * 2);
    this.retryTimer = window.setTimeout(() => this.connect(), delay);
  }

  private send(): void {
    if (!this.subscription || this.socket?.readyState !== WebSocket.OPEN) return;
    this.onSubscribe();
    this.socket.send(JSON.stringify(this.subscription));
  }

  private disconnect(state: SocketState): void {
    window.clearTimeout(this.retryTimer);
    const socket = this.socket;
    this.socket = null;
    // One that is still being opened is closed as soon as it is open: browsers complain about closing it earlier.
    if (socket?.readyState !== WebSocket.CONNECTING) socket?.close();
    this.state.value = state;
  }
}
