// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {Forwarder, IParent} from "./Forwarder.sol";

/// Deploys forwarders by CREATE: the address follows from this contract and its nonce, which starts at 1 and counts deployments.
contract CreateDeployer is IParent {
    event Deployed(address forwarder);

    address payable public override parent;

    constructor(address payable parent_) {
        parent = parent_;
    }

    function deploy() external returns (address forwarder) {
        forwarder = address(new Forwarder());
        emit Deployed(forwarder);
    }
}
