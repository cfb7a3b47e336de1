import Dispatch
import Synchronization
import TeltelQuery
import Testing

@Suite struct WorkerPoolTests {
    @Test func `no more jobs run at once than there are threads, and no more wait than may`() {
        let pool = WorkerPool(name: "test", threads: 2, waitingMax: 3)
        let (goOn, ended) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let running = Mutex((now: 0, most: 0))
        let job: WorkerPool.Job = {
            running.withLock {
                $0.now += 1
                $0.most = max($0.most, $0.now)
            }
            goOn.wait()
            running.withLock { $0.now -= 1 }
            ended.signal()
        }
        #expect((0..<5).allSatisfy { _ in pool.submit(job) })
        #expect(!pool.submit(job))
        for _ in 0..<5 { goOn.signal() }
        for _ in 0..<5 { ended.wait() }
        #expect(running.withLock { $0.most } <= 2)
        // There is room again.
        #expect(pool.submit(job))
        goOn.signal()
        ended.wait()
    }

    @Test func `what is thrown on a thread is thrown to who asked`() async throws {
        struct Problem: Error {}
        let pool = WorkerPool(name: "test", threads: 1, waitingMax: 1)
        #expect(try await pool.run { 5 } == 5)
        await #expect(throws: Problem.self) { try await pool.run { throw Problem() } as Int? }
    }
}
