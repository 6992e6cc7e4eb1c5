/**
 * Finds the flush packet that ends an answer on a connection that stays open: HTTP says where an answer ends, SSH does not.
 * Only the lengths of packets are looked at.
 */
export class AnswerEnd {
  #digits = '';
  /** Bytes of the present packet that are still to come. */
  #left = 0;
  #reached = false;

  get reached(): boolean {
    return this.#reached;
  }

  /** Takes the next piece of the answer. What is no packet is left to the reader, who has the words for it. */
  push(piece: Uint8Array): void {
    let at = 0;
    while (at < piece.length && !this.#reached) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, piece.length - at);
        this.#left -= taken;
        at += taken;
        continue;
      }
      this.#digits += String.fromCharCode(piece[at++] ?? 0);
      if (this.#digits.length < 4) continue;
      const length = Number.parseInt(this.#digits, 16);
      this.#digits = '';
      if (length === 0) this.#reached = true;
      else this.#left = Math.max(0, length - 4);
    }
  }
}
