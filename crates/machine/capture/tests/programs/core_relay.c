/* Stands in core_pattern: hands its standard input, the kernel's pidfd and its arguments to the test that listens on
   SOCKET_PATH, and stays until the test closes the connection. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int count, char **words) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char text[256] = "", space[CMSG_SPACE(2 * sizeof(int))], byte;
    strcpy(address.sun_path, SOCKET_PATH);
    int peer = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(peer, (struct sockaddr *)&address, sizeof address)) return 1;
    for (int i = 1; i < count; i++) {
        strncat(text, words[i], sizeof text - strlen(text) - 2);
        strcat(text, " ");
    }
    int fds[2] = {0, count > 5 ? atoi(words[5]) : 0};
    struct iovec vector = {text, sizeof text};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof fds);
    memcpy(CMSG_DATA(head), fds, sizeof fds);
    if (sendmsg(peer, &message, 0) < 0) return 2;
    /* Only the test's copies keep the pipe open now. */
    close(0);
    while (read(peer, &byte, 1) > 0) {
    }
    return 0;
}
