#include "workers/payment/payment.h"

int main(int argc, char** argv) {
  return skald::service::Main(argc, argv, skald::payment::Service());
}
