/** Settles like `work`, or rejects with `late()` after `ms`. A result that comes too late is given to `abandoned`. */
export function withDeadline<T>(
  work: Promise<T>,
  ms: number,
  late: () => Error,
  abandoned: (result: T) => void = () => {},
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let over = false;
    const timer = setTimeout(() => {
      over = true;
      reject(late());
    }, ms);
    work.then(
      (result) => {
        clearTimeout(timer);
        if (over) abandoned(result);
        else resolve(result);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
