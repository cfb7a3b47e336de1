import { describeFailure, failureKey, failureText, maskSecrets } from "../../../web/src/shell/failure";
import { ApiError } from "../../../web/src/wire/http";
import { equal, isTrue, test } from "./harness";

const secrets: [name: string, text: string, shown: string][] = [
  ["token", "GET /x?token=s3cret&a=1", "GET /x?token=•••&a=1"],
  ["bare-token", "TELTEL_TOKEN token=s3cret", "TELTEL_TOKEN token=•••"],
  ["login", "/login?code=s3cret#top", "/login?code=•••#top"],
  ["bearer", "Authorization: Bearer s3cret.s3cret==", "Authorization: Bearer •••"],
  ["basic", '{"authorization":"Basic s3cret"}', '{"authorization":"Basic •••"}'],
  ["bearer-alone", "send Bearer s3cret", "send Bearer •••"],
  ["json", '{"token": "s3cret", "password":"s3cret"}', '{"token": "•••", "password":"•••"}'],
  ["cookie", "Cookie: teltel-session-8080=s3cret; a=b", "Cookie: teltel-session-8080=•••; a=b"],
];
for (const [name, text, shown] of secrets) test(`masked: ${name}`, () => equal(maskSecrets(text), shown));

test("what is no secret stays", () => {
  const text = '{"error":{"code":"unknown-run","message":"no run token is known"}} /api/run?runId=code';
  equal(maskSecrets(text), text);
});

const request = {
  method: "DELETE", url: "/api/run?runId=x&token=s3cret", body: `{"token":"s3cret${"y".repeat(2000)}"}${"z".repeat(700)}`, requestId: "ab12",
};
const failed = new ApiError(409, "run-is-running", "x: the run has not ended", "end its engine", request);

test("a failed request is told in full", () => {
  const failure = describeFailure(failed, "The run cannot be deleted");
  equal(failure.request, "DELETE /api/run?runId=x&token=•••: 409 run-is-running");
  equal(failure.explanation, "X: the run has not ended. End its engine.");
  equal(failure.requestId, "ab12");
});

test("a long answer is shortened after its secrets are gone", () => {
  const { body } = describeFailure(failed, "what");
  isTrue(body.startsWith('{"token":"•••"}zzz') && body.endsWith("more characters)") && body.length < 700, body);
});

test("the text to hand on has everything and no secret", () => {
  const text = failureText(describeFailure(failed, "The run cannot be deleted"), "2026-01-01 00:00:00.000");
  for (const part of ["The run cannot be deleted", "DELETE", "409", "ab12", "Answer", "2026-01-01"]) isTrue(text.includes(part), part);
  isTrue(!text.includes("s3cret"), "no secret");
});

test("no answer is said to be none", () => {
  const none = new ApiError(0, "unreachable", "The collector does not answer.", "", { method: "GET", url: "/api/runs", body: "", requestId: "" });
  equal(describeFailure(none, "what").request, "GET /api/runs: no answer");
});

test("an error of our own has no request", () => {
  const failure = describeFailure(new TypeError("file is no JSON"), "what");
  equal([failure.explanation, failure.request], ["file is no JSON", ""]);
});

test("failures are the same if they say the same, whatever their request ids", () => {
  const again = new ApiError(409, "run-is-running", failed.message, failed.hint, { ...request, requestId: "cd34" });
  equal(failureKey(describeFailure(again, "a")), failureKey(describeFailure(failed, "a")));
  isTrue(failureKey(describeFailure(failed, "a")) !== failureKey(describeFailure(failed, "b")), "another deed");
});
