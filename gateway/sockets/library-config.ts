// Imported for its effect, before uWebSockets.js, which reads the environment once, when it is loaded.

/**
 * The head of a request, cookies included. The library's own 4 KiB are too few: browsers send the cookies of
 * a whole domain along with the upgrade of a WebSocket, and then the widget would be answered 431.
 */
const headBytesMax = 16 * 1024;

process.env.UWS_HTTP_MAX_HEADERS_SIZE = String(headBytesMax);
