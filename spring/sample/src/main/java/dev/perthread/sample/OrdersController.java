package dev.perthread.sample;

import dev.perthread.ResourceException;
import dev.perthread.net.Connection;
import dev.perthread.net.LazyConnection;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

/** Asks the server for an order: a line there, a line back. */
@RestController
class OrdersController {
    private final LazyConnection orders;

    OrdersController(LazyConnection orders) {
        this.orders = orders;
    }

    @GetMapping("/orders/{id}")
    String order(@PathVariable("id") String id) {
        try {
            return orders.call(connection -> ask(connection, id));
        } catch (IOException | ResourceException unavailable) {
            throw new ResponseStatusException(HttpStatus.SERVICE_UNAVAILABLE, null, unavailable);
        }
    }

    private static String ask(Connection connection, String id) throws IOException {
        connection.send((id + "\n").getBytes(StandardCharsets.US_ASCII));
        StringBuilder answer = new StringBuilder();
        while (true) {
            byte[] piece = connection.recv(8192);
            if (piece.length == 0) {
                throw new EOFException("the server closed the connection in the middle of an answer");
            }
            answer.append(new String(piece, StandardCharsets.US_ASCII));
            if (answer.charAt(answer.length() - 1) == '\n') {
                return answer.toString().trim();
            }
        }
    }
}
