// Wall time to keep pace with, and CPU time to report.
import Glibc

enum Clocks {
    static func nanoseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// CPU time of this thread.
    static var threadMilliseconds: Double { Double(nanoseconds(CLOCK_THREAD_CPUTIME_ID)) * 1e-6 }

    /// Sleeps until `seconds` after `start`, a time of CLOCK_MONOTONIC.
    static func wait(from start: Int64, seconds: Double) {
        let wake = start + Int64(seconds * 1e9)
        var time = timespec(tv_sec: Int(wake / 1_000_000_000), tv_nsec: Int(wake % 1_000_000_000))
        while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil) != 0 {}
    }
}
